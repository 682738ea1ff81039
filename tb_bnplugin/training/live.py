"""Findings while it trains: the rules on the records just made, the same as for a log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tb_bnplugin.diagnose import Outcome, create_ledger, diagnose_run, ledger_text
from tb_bnplugin.history.build import build_run
from tb_bnplugin.history.model import RunHistory
from tb_bnplugin.schema.records import Kind, Record

KEPT_RECORDS: Final = 64
"""Of each kind that grows. A dropped record hides nothing: counters are cumulative."""

_DOCUMENTS: Final[tuple[Kind, ...]] = ("model", "calls")


class LiveHistory:
    """The records of one process, thinned so that memory does not grow with the steps."""

    def __init__(self) -> None:
        self._documents: dict[tuple[str, Kind], Record] = {}
        self._series: dict[tuple[str, Kind, str], list[Record]] = {}
        self.told: set[tuple[str, str]] = set()  # (code, model) of findings that were printed

    def add(self, records: Iterable[Record]) -> None:
        """Takes records just made."""
        for record in records:
            kind = record.metadata.kind
            if kind == "channels":
                continue
            if kind in _DOCUMENTS:
                self._documents[(record.metadata.model, kind)] = record
                continue
            series = self._series.setdefault(
                (record.metadata.model, kind, record.metadata.name), []
            )
            series.append(record)
            if len(series) > KEPT_RECORDS:
                # every second one goes, never the first nor the newest
                del series[1:-1:2]

    def history(self) -> RunHistory:
        """Everything recorded so far, decoded."""
        records = [*self._documents.values()]
        for series in self._series.values():
            records.extend(series)
        return build_run("", records)

    def outcomes(self) -> tuple[Outcome, ...]:
        """What the rules say of everything recorded so far."""
        return diagnose_run(self.history()) if self._documents else ()

    def ledger(self) -> str:
        """The mode ledger of every model, as text."""
        return "\n\n".join(ledger_text(create_ledger(model)) for model in self.history().models)

    def findings(self) -> tuple[Outcome, ...]:
        """The outcomes that are findings."""
        return tuple(outcome for outcome in self.outcomes() if outcome.status == "finding")
