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
    """True if a record's value is a table of numbers of this rank."""
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


def read_columns(
    values: Sequence[Any],
    names: Sequence[tuple[str, ...]],
    known: Sequence[str],
    rows: tuple[int, ...] = (),
) -> dict[str, Floats]:
    """Known columns by name, each float64 [tables, *rows], NaN where a table lacks it.

    Args:
        values: tables [*rows, columns].
        names: of the columns of each table, as its process wrote them.
        known: names that this version reads.
        rows: shape that each table is cut or padded to, without the columns.
    """
    groups: dict[tuple[str, ...], list[int]] = {}
    for index, written in enumerate(names):
        groups.setdefault(written, []).append(index)
    columns: dict[str, Floats] = {}
    for written, members in groups.items():
        table = stack_tables([values[index] for index in members], (*rows, len(written)))
        for name, column in zip(written, table, strict=True):
            if name not in known:
                continue
            if len(groups) == 1:
                columns[name] = column
                continue
            if name not in columns:
                columns[name] = np.full((len(values), *rows), np.nan)
            columns[name][members] = column
    return {name: freeze(column) for name, column in columns.items()}


def freeze(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array, which nothing can write to any more."""
    array.setflags(write=False)
    return array
