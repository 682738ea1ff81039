"""Everything that is made of a log: history, outcomes, answers of the page, downloads and texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tb_bnplugin.cli.check_text import check_text
from tb_bnplugin.cli.style import Style
from tb_bnplugin.dashboard import download
from tb_bnplugin.dashboard.payload.columns import HEATMAP_COLUMNS, column
from tb_bnplugin.dashboard.payload.comparison import Side, comparison
from tb_bnplugin.dashboard.payload.layer import layer_payload
from tb_bnplugin.dashboard.payload.report import report
from tb_bnplugin.dashboard.responses import encode
from tb_bnplugin.diagnose import Outcome, create_ledger, diagnose, ledger_text
from tb_bnplugin.history.build import build_channels
from tb_bnplugin.history.model import ModelHistory, RunHistory
from tb_bnplugin.logs.check import Report, _report
from tb_bnplugin.schema.records import Record


def make_everything(run: RunHistory, records: Sequence[Record] = ()) -> list[dict[str, Any]]:
    """Make all that can be made of a run, as the page and the command line do.

    Args:
        run: its history.
        records: among which those of the channels are.

    Returns:
        The report of each model; what crashed in a rule raises.
    """
    reports = []
    for model in run.models:
        outcomes = diagnose(model)
        crashed = [entry.reason for entry in outcomes if entry.status == "crashed"]
        assert not crashed, crashed
        answer = report(run, model, outcomes)
        encode(answer)
        reports.append(answer)
        encode(column(model, HEATMAP_COLUMNS[3]))
        _layers(model, records)
        _downloads(run.run, model, outcomes)
        side = Side(model=model, outcomes=outcomes)
        compared = comparison(side, side)
        assert "crashed" not in {entry["status"] for entry in compared["outcomes"]}, compared
        encode(compared)
        assert ledger_text(create_ledger(model))
    checked = Report(runs=(_report(run),), comparisons=())
    assert len(check_text(checked, Style(colour=False, width=100))) < 1_000_000
    encode(checked.to_json())
    return reports


def _layers(model: ModelHistory, records: Sequence[Record]) -> None:
    name = model.facts.name
    own = [r for r in records if r.metadata.kind == "channels" and r.metadata.model == name]
    for index in range(min(len(model.facts.layers), 2)):
        encode(layer_payload(model, index, build_channels(model.facts, own, index)))


def _downloads(run: str, model: ModelHistory, outcomes: Sequence[Outcome]) -> None:
    for form in ("json", "csv"):
        download.findings(run, model, outcomes, form)
        if model.facts.layers:
            download.layer(run, model, 0, form)
