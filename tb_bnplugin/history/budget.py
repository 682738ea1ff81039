"""The memory that a log may ask for, in proportion to the bytes that it has.

A history is dense: a number for each record, layer and column. A log of a few bytes can name
thousands of layers and hold thousands of records with one cell each, and their product is the
memory. Where that is much more than the tables hold, records are left out, evenly, as TensorBoard
leaves them out too: counters are cumulative, so that a record that is missing hides nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from tb_bnplugin.schema.records import Kind, Record

TIMES: Final = 8
"""Bytes of a history for each byte of its tables. Full tables take less than two; those of a model
whose layers came later take as many more as it has more layers in the end."""


def keep_affordable(
    records: Sequence[Record], numbers: int, kind: Kind, skipped: Counter[str]
) -> Sequence[int]:
    """The indices of the records that a history can hold: of all, or of evenly spaced ones.

    Args:
        records: with tables, in their order; the first and the last stay.
        numbers: that each takes in the history, however small its table is.
        kind: of the records.
        skipped: counts those that are left out.
    """
    given = sum(_bytes(record.value) for record in records)
    affordable = max(2, TIMES * given // (8 * max(numbers, 1)))
    if affordable >= len(records):
        return range(len(records))
    kept = np.unique(np.linspace(0, len(records) - 1, affordable).astype(int)).tolist()
    skipped[
        f"{kind} records, evenly spaced: they hold far fewer numbers than there are names of layers"
        " and columns"
    ] += len(records) - len(kept)
    return list(kept)


def keep_first(names: Sequence[str], most: int, what: str, skipped: Counter[str]) -> Sequence[str]:
    """The first of some names, of which a log can hold many at few bytes each."""
    if len(names) > most:
        skipped[f"{what} beyond the first {most}"] += len(names) - most
    return names[:most]


def _bytes(table: Any) -> int:
    # As the log has them: a small integer takes one byte there, whatever it takes here.
    return int(table.nbytes if table.dtype.kind == "f" else table.size)
