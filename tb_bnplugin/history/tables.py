"""Tables of many records, stacked by column, whatever width each record has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from tb_bnplugin.history.model import Floats
from tb_bnplugin.schema.records import Kind, Record


def is_table(
    value: npt.NDArray[np.generic] | bytes, *, rank: int
) -> TypeGuard[npt.NDArray[np.float64]]:
    """Whether a record's value is a table of numbers of this rank."""
    return (
        isinstance(value, np.ndarray)
        and value.ndim == rank
        and value.dtype.kind in "fiu"
        and value.size > 0
    )


def keep_tables(
    records: Sequence[Record], rank: int, kind: Kind, skipped: Counter[str]
) -> list[Record]:
    """The records that hold a table of numbers; the others are counted in `skipped`."""
    usable = [record for record in records if is_table(record.value, rank=rank)]
    if len(usable) < len(records):
        skipped[f"{kind} records are no table of numbers of rank {rank}"] += len(records) - len(
            usable
        )
    return usable


def stack_tables(values: Sequence[Any], shape: tuple[int, ...]) -> Floats:
    """Tables [..., columns] as float64 [columns, tables, ...], cut or padded with NaN to `shape`.

    Columns come first, so that each one is contiguous: rules read them one by one.
    """
    *rows, columns = shape
    table = np.empty((columns, len(values), *rows))
    cut = tuple(slice(size) for size in shape)
    for index, value in enumerate(values):
        part = np.moveaxis(value[cut], -1, 0)
        if part.shape == (columns, *rows):
            table[:, index] = part
        else:
            table[:, index] = np.nan
            where: tuple[Any, ...] = tuple(slice(size) for size in part.shape)
            table[:, index][where] = part
    return freeze(table)


def name_columns(written: Sequence[str], known: Sequence[str], table: Floats) -> dict[str, Floats]:
    """The columns of a table [columns, ...] by name; those this version does not know are left out.

    Args:
        written: Names of the columns as the log has them.
        known: Names that this version reads.
        table: [columns, ...], as `stack_tables` gives it.
    """
    wanted = set(known)
    return {name: column for name, column in zip(written, table, strict=False) if name in wanted}


def freeze(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array, which nothing can write to any more."""
    array.setflags(write=False)
    return array
