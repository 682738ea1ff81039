"""Logs of a right structure with anything in it: what a damaged or evil log may hold.

A healthy log with every kind of record is changed in a few places that hypothesis chooses: values
of its documents, cells and shapes of its tables, steps, times, kinds, names, and the order.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final

import numpy as np
from hypothesis import strategies as st

from tb_bnplugin.schema.columns import (
    CHANNEL_ROWS,
    EVENT_COLUMNS,
    GRADIENT_COLUMNS,
    PROBE_LAYER_COLUMNS,
)
from tb_bnplugin.schema.facts import Graph, Node
from tb_bnplugin.schema.recalibrations import encode_recalibration
from tb_bnplugin.schema.records import KINDS, Record
from tb_bnplugin.schema.twin_reports import encode_twin
from tests.dashboard.golden import golden_recalibrations, golden_twins
from tests.dashboard.write_log import event_of, records_of
from tests.support.histories import CALL, METRIC, create_history, create_loss, create_probe
from tests.support.records import create_record

STEPS: Final = range(1, 9)
LAYERS: Final = 3

NUMBERS: Final = (
    *(0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 7.0, 1e-3, 5e-324, 1e-200, 1e99, 1e200, 1.7e308),
    *(2.0**53, 2.0**63, -(2.0**63), float("nan"), float("inf"), float("-inf")),
)
LEAVES: Final[tuple[Any, ...]] = (
    *NUMBERS,
    *(0, 1, -1, 3, 10**9, 2**53, 2**63, -(2**63), 10**400, -(10**400)),
    *(None, True, False, "", "training", "a" * 20_000, "\ud800\u0000\u202e\n=1", [], {}, [[]]),
    *([None] * 50, [-1, 10**400], [[0, 9], [-1, 0]], {"layers": []}),
)
WALL_TIMES: Final = (*NUMBERS, 1000.0, 1004.5, 2000.0)
AT: Final = (0, 1, 3, -1, -5, 8, 10**6, 2**53, 2**53 + 1, 2**62, -(2**63))
NAMES: Final = ("", "model", "other", "\u202e\n=1", "x" * 9000)
DOCUMENTS: Final = (b"", b"[]", b"{}", b"null", b'{"calls":[7]}', b"\xff\xfe")

number = st.sampled_from(NUMBERS)


@cache
def healthy() -> tuple[Record, ...]:
    """One record or more of every kind."""
    history = create_history(
        steps=STEPS,
        layers=LAYERS,
        calls=[replace(CALL, layer=layer) for layer in range(LAYERS)],
        losses=[create_loss(), create_loss("other", doubled=1.0)],
        probe=create_probe(0.1, 0.5, steps=(4, 8)),
        facts={
            "metrics": (METRIC,),
            "graph": Graph(
                nodes=tuple(Node(path=f"{at}", layer_class="C", layer=at) for at in range(LAYERS)),
                edges=((0, 1), (1, 2)),
            ),
        },
    )
    rows, channels = len(CHANNEL_ROWS), 8 * LAYERS
    more = [
        create_record("events", np.ones((LAYERS, len(EVENT_COLUMNS))), step=3),
        create_record("gradient", np.ones(len(GRADIENT_COLUMNS)), step=3, name="loss"),
        create_record("probe_layers", np.ones((LAYERS, len(PROBE_LAYER_COLUMNS))), step=4),
        create_record("channels", np.ones((rows, channels), np.float32), step=4),
        create_record("recalibration", encode_recalibration(golden_recalibrations()[0].facts)),
        create_record("twin", encode_twin(golden_twins()[-1].facts)),
    ]
    records = (*records_of(replace(history, epochs=((0, 4), (1, 8)))), *more)
    assert {record.metadata.kind for record in records} == {*KINDS}
    return records


@st.composite
def hostile_records(draw: Callable[..., Any]) -> list[Record]:
    """The records of a log, changed in a few places."""
    records = [*healthy()]
    for _ in range(draw(st.integers(1, 12))):
        at = _chosen(draw, records)
        what = draw(st.sampled_from(("change", "change", "change", "change", "add", "drop")))
        changed = _change_record(draw, records[at])
        if what == "add":
            records.insert(_chosen(draw, records), changed)
        elif what == "drop" and len(records) > 1:
            del records[at]
        else:
            records[at] = changed
    if draw(st.booleans()):
        order = np.random.default_rng(draw(st.integers(0, 99))).permutation(len(records))
        records = [records[at] for at in order]
    return records


@st.composite
def hostile_events(draw: Callable[..., Any]) -> list[bytes]:
    """The serialized events of a log, some of which are damaged."""
    events = [bytes(event_of(record).SerializeToString()) for record in draw(hostile_records())]
    for _ in range(draw(st.integers(0, 4))):
        at = _chosen(draw, events)
        events[at] = _damage(draw, events[at])
    return events


def _damage(draw: Callable[..., Any], content: bytes) -> bytes:
    damaged = bytearray(content)
    for _ in range(draw(st.integers(1, 3))):
        damaged[_chosen(draw, damaged)] = draw(st.integers(0, 255))
    return bytes(damaged)


def _change_record(draw: Callable[..., Any], record: Record) -> Record:
    what = draw(st.sampled_from(("value", "value", "value", "step", "time", "kind", "name")))
    if what == "step":
        return replace(record, step=draw(st.sampled_from(AT)))
    if what == "time":
        return replace(record, wall_time=draw(st.sampled_from(WALL_TIMES)))
    if what == "kind":
        kind = draw(st.sampled_from(KINDS))
        return replace(record, metadata=replace(record.metadata, kind=kind))
    if what == "name":
        field = draw(st.sampled_from(("model", "name")))
        named = replace(record.metadata, **{field: draw(st.sampled_from(NAMES))})
        return replace(record, metadata=named)
    if isinstance(record.value, bytes):
        return replace(record, value=_change_document(draw, record.value))
    return replace(record, value=_change_table(draw, record.value))


def _change_document(draw: Callable[..., Any], document: bytes) -> bytes:
    how = draw(st.sampled_from(("value", "value", "value", "cut", "deep", "other")))
    if how == "cut":
        return document[: draw(st.integers(0, len(document)))]
    if how == "deep":
        return document[:-1] + b',"deep":' + b"[" * 20_000
    if how == "other":
        return DOCUMENTS[_chosen(draw, DOCUMENTS)]
    try:
        tree = json.loads(document)
    except (ValueError, RecursionError):  # changed before
        return document
    for _ in range(draw(st.integers(1, 4))):
        places = [*_places(tree)] if isinstance(tree, (dict, list)) else []
        if not places:
            break
        container, key = places[_chosen(draw, places)]
        what = draw(st.sampled_from(("set", "set", "set", "delete", "repeat")))
        if what == "delete":
            del container[key]
        elif what == "repeat" and isinstance(container, list):
            container[:] = container[:50] * 3
        else:
            container[key] = copy.deepcopy(draw(st.sampled_from(LEAVES)))
    return json.dumps(tree).encode("utf-8", "surrogatepass")


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every value of a document, as the container and the key in it."""
    keys = range(len(tree)) if isinstance(tree, list) else list(tree)
    for key in keys:
        yield tree, key
        if isinstance(tree[key], (dict, list)):
            yield from _places(tree[key])


def _change_table(draw: Callable[..., Any], table: Any) -> Any:
    with np.errstate(all="ignore"):
        table = np.array(table, np.float64)
    how = draw(st.sampled_from(("cells", "cells", "column", "all", "shape", "type")))
    if how == "shape" or not table.size:
        shape = tuple(draw(st.lists(st.integers(0, 5), max_size=3)))
        return np.full(shape, draw(number))
    if how == "type":
        kind = draw(st.sampled_from(("f4", "f2", "i8", "i1", "u1", "?")))
        with np.errstate(all="ignore"):
            return np.asarray(np.nan_to_num(table)).astype(kind)
    if how == "all":
        table[...] = draw(number)
    elif how == "column":
        table = np.atleast_1d(table)
        table[..., draw(st.integers(0, table.shape[-1] - 1))] = draw(number)
    else:
        flat = table.reshape(-1)
        for _ in range(draw(st.integers(1, 6))):
            flat[_chosen(draw, flat)] = draw(number)
    return table


def _chosen(draw: Callable[..., Any], items: Sequence[Any] | Any) -> int:
    return int(draw(st.integers(0, len(items) - 1)))
