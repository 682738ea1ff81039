"""The rare columns of a history: written only where something happened, and put beside the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from tb_bnplugin.history.model import Floats, ModelFacts, Steps
from tb_bnplugin.history.order import wall_time_of
from tb_bnplugin.history.tables import freeze, keep_tables, name_columns, stack_tables
from tb_bnplugin.schema.columns import EVENT_COLUMNS
from tb_bnplugin.schema.records import Record


def build_events(
    records: Sequence[Record],
    facts: ModelFacts,
    steps: Steps,
    started: Floats,
    trainable: Floats,
    skipped: Counter[str],
) -> dict[str, Floats]:
    """The rare columns, each [records, layers], at the steps of the layers records.

    At each step they are those of the newest rare record up to it, of the same process: what is
    not written again has not changed. Before the first one, counts are 0 and `trainable_as_set` is
    the column `trainable`.

    Args:
        records: the rare records that no later process repeats.
        facts: of the model; names the columns.
        steps: [records] of the layers records, ascending.
        started: [records] when the process of each layers record began, seconds.
        trainable: [records, layers] the column of the layers records.
        skipped: counts what cannot be used.
    """
    shape = (len(steps), len(facts.layers))
    usual = {
        name: np.full(shape, np.nan if name.endswith("_step") else 0.0) for name in EVENT_COLUMNS
    }
    usual["trainable_as_set"] = np.array(trainable)
    usable = sorted(
        keep_tables(records, 2, "events", skipped), key=lambda r: (r.step, wall_time_of(r))
    )
    if usable and len(steps):
        width = (len(facts.layers), len(facts.event_columns))
        table = stack_tables([record.value for record in usable], width)
        written = name_columns(facts.event_columns, EVENT_COLUMNS, table)
        newest = np.searchsorted([record.step for record in usable], steps, side="right") - 1
        written_at = np.array([wall_time_of(record) for record in usable])
        known = (newest >= 0) & ~(written_at[newest] < started)
        for name, column in written.items():
            values = column[newest[known]]
            usual[name][known] = np.where(np.isnan(values), usual[name][known], values)
    return {name: freeze(column) for name, column in usual.items()}
