"""The records of one run of one model in this process, and the rules on them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tb_bnplugin.diagnose import create_ledger, diagnose_run, ledger_text
from tb_bnplugin.diagnose.views.answers import LedgerText, Outcomes
from tb_bnplugin.history.build import build_run
from tb_bnplugin.history.model import RunHistory
from tb_bnplugin.schema.records import Kind, Record

KEPT_RECORDS: Final = 64
"""Of each kind that grows. A dropped record hides nothing: counters are cumulative."""

_NEWEST_ONLY: Final[tuple[Kind, ...]] = ("model", "calls")


class LiveHistory:
    """The same history as a log has, thinned so that memory does not grow with the steps."""

    def __init__(self) -> None:
        self._newest: dict[Kind, Record] = {}
        self._phases: list[Record] = []
        self._series: dict[tuple[Kind, str], list[Record]] = {}
        self.told: set[tuple[str, str]] = set()  # (code, model) of findings that were printed

    def add(self, records: Iterable[Record]) -> None:
        """Take records just made."""
        for record in records:
            kind = record.metadata.kind
            if kind == "channels":
                continue
            if kind in _NEWEST_ONLY:
                self._newest[kind] = record
                continue
            if kind == "phase":
                _append(self._phases, record)
                continue
            _append(self._series.setdefault((kind, record.metadata.name), []), record)

    def records(self) -> list[Record]:
        """All records that are kept."""
        return [
            *self._newest.values(),
            *self._phases,
            *(record for kept in self._series.values() for record in kept),
        ]


def _append(series: list[Record], record: Record) -> None:
    series.append(record)
    if len(series) > KEPT_RECORDS:
        # every second one goes, never the first nor the newest
        del series[1:-1:2]


def history_of(*live: LiveHistory) -> RunHistory:
    """Everything recorded so far of some models, decoded."""
    return build_run("", [record for each in live for record in each.records()])


def outcomes_of(*live: LiveHistory) -> Outcomes:
    """The outcomes of the rules on everything recorded so far."""
    return Outcomes(diagnose_run(history_of(*live)))


def ledger_of(*live: LiveHistory) -> LedgerText:
    """The mode ledger of each model, as text."""
    models = history_of(*live).models
    return LedgerText("\n\n".join(ledger_text(create_ledger(model)) for model in models))
