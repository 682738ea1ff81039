"""The event columns of a history: written only where something happened, put beside the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from tb_bnplugin.history.budget import keep_affordable
from tb_bnplugin.history.documents import ModelDocuments
from tb_bnplugin.history.model import Floats, Steps
from tb_bnplugin.history.tables import freeze, keep_tables, read_columns
from tb_bnplugin.schema.columns import EVENT_COLUMNS
from tb_bnplugin.schema.records import Record


def build_events(
    records: Sequence[Record],
    documents: ModelDocuments,
    steps: Steps,
    started: Floats,
    trainable: Floats,
    skipped: Counter[str],
) -> dict[str, Floats]:
    """The event columns, each [records, layers], at the steps of the layers records.

    At each step they are those of the newest events record up to it, of the same process: what is
    not written again has not changed. Before the first one, counts are 0 and `trainable_as_set` is
    the column `trainable`. An example, where only steps 10 and 30 wrote events:

        steps of the layers records         5  10  20  30
        frozen_updates in events records        3       7
        frozen_updates as given here        0   3   3   7

    Args:
        records: the events records that no later process repeats.
        documents: of the model; they name the columns.
        steps: [records] of the layers records, ascending.
        started: [records] when the process of each layers record began, seconds.
        trainable: [records, layers] the column of the layers records.
        skipped: counts what cannot be used.
    """
    layers = len(documents.facts.layers)
    shape = (len(steps), layers)
    columns = {
        name: np.full(shape, np.nan if name.endswith("_step") else 0.0) for name in EVENT_COLUMNS
    }
    columns["trainable_as_set"] = np.array(trainable)
    usable = sorted(keep_tables(records, 2, "events", skipped), key=lambda r: (r.step, r.wall_time))
    numbers = layers * len(EVENT_COLUMNS)
    usable = [usable[at] for at in keep_affordable(usable, numbers, "events", skipped)]
    if usable and len(steps):
        written_at = np.array([record.wall_time for record in usable])
        written = read_columns(
            [record.value for record in usable],
            [documents.columns_at(time).events for time in written_at.tolist()],
            EVENT_COLUMNS,
            (layers,),
        )
        newest = np.searchsorted([record.step for record in usable], steps, side="right") - 1
        known = (newest >= 0) & ~(written_at[newest] < started)
        for name, column in written.items():
            values = column[newest[known]]
            columns[name][known] = np.where(np.isnan(values), columns[name][known], values)
    return {name: freeze(column) for name, column in columns.items()}
