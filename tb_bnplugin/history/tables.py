"""Tables of many records, stacked by column, whatever width each record has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from tb_bnplugin.history.bounds import keep_possible
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


def read_columns(
    values: Sequence[Any],
    names: Sequence[tuple[str, ...]],
    known: Sequence[str],
    rows: tuple[int, ...] = (),
) -> dict[str, Floats]:
    """Known columns by name, each float64 [tables, *rows], NaN where a table lacks it.

    Only these are made, however many names a log has; where it has one twice, the first counts.

    Args:
        values: tables [*rows, columns].
        names: of the columns of each table, as its process wrote them.
        known: names that this version reads.
        rows: shape that each table is cut or padded to, without the columns.
    """
    groups = _alike(names)
    columns: dict[str, Floats] = {}
    for written, members in groups:
        places = _places(written, known)
        table = _stack([values[index] for index in members], [*places.values()], rows)
        for name, column in zip(places, table, strict=True):
            with np.errstate(all="ignore"):
                keep_possible(name, column)
            if len(groups) == 1:
                columns[name] = column
                continue
            if name not in columns:
                columns[name] = np.full((len(values), *rows), np.nan)
            columns[name][members] = column
    return {name: freeze(column) for name, column in columns.items()}


def _alike(names: Sequence[tuple[str, ...]]) -> list[tuple[tuple[str, ...], list[int]]]:
    """The tables with the same names of columns, as (names, indices of the tables)."""
    by_identity: dict[int, list[int]] = {}  # to hash the names of every table takes long
    for index, written in enumerate(names):
        by_identity.setdefault(id(written), []).append(index)
    groups: dict[tuple[str, ...], list[int]] = {}
    for members in by_identity.values():
        groups.setdefault(names[members[0]], []).extend(members)
    return list(groups.items())


def _places(written: tuple[str, ...], known: Sequence[str]) -> dict[str, int]:
    """Where each known name stands first, ascending."""
    wanted = frozenset(known)
    places: dict[str, int] = {}
    for place, name in enumerate(written):
        if name in wanted:
            places.setdefault(name, place)
    return places


def _stack(values: Sequence[Any], places: Sequence[int], rows: tuple[int, ...]) -> Floats:
    """Some columns of tables [..., columns] as float64 [places, tables, *rows].

    The tables are cut or padded with NaN to the rows. Columns come first, so that each one is
    contiguous: rules read them one by one.
    """
    stacked = np.empty((len(places), len(values), *rows))
    cut = tuple(slice(size) for size in rows)
    in_front = list(places) == list(range(len(places)))  # newer names come behind
    taken: Any = slice(len(places)) if in_front else np.array(places, np.intp)
    for index, value in enumerate(values):
        if in_front or value.shape[-1] > places[-1]:
            columns = taken
        else:
            columns = taken[: np.searchsorted(taken, value.shape[-1])]
        part = np.moveaxis(value[(*cut, columns)], -1, 0)
        if part.shape == (len(places), *rows):
            stacked[:, index] = part
        else:
            stacked[:, index] = np.nan
            where: tuple[Any, ...] = tuple(slice(size) for size in part.shape)
            stacked[:, index][where] = part
    return stacked


def freeze(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array, which nothing can write to any more."""
    array.setflags(write=False)
    return array
