"""Logs that mean harm: each run has one kind of it, beside one that is well."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from tensorboard.compat.proto import types_pb2
from tensorboard.compat.proto.event_pb2 import Event

from tb_bnplugin.schema.columns import LAYER_COLUMNS
from tb_bnplugin.schema.facts import Columns
from tb_bnplugin.schema.facts_json import encode_model
from tb_bnplugin.schema.records import Metadata, Record, create_content, create_tag
from tests.dashboard.write_log import (
    event_of,
    records_of,
    scalar_event,
    tensor_event,
    write_events,
)
from tests.support.histories import CALL, METRIC, PHASE, create_history, create_loss, create_probe
from tests.support.records import create_calls, create_model, create_phase, create_record

NAN, INF = math.nan, math.inf
DIGITS: Final = 10**400
ODD: Final = "\ud800\u0000\u202e<b>\n\x1b[31m=cmd()" + "n" * 50_000


def base(**changed: Any) -> list[Record]:
    """The records of a healthy run with everything in it."""
    history = create_history(
        calls=[CALL],
        losses=[create_loss()],
        probe=create_probe(0.1, 0.5),
        facts={"metrics": (METRIC,)},
        **changed,
    )
    return records_of(replace(history, epochs=((0, 25), (1, 50))))


def document(**values: Any) -> Record:
    """A newer model document with other values, of the model or (in `layer`) of its layers."""
    loaded = json.loads(encode_model(create_history().facts))
    for layer in loaded["layers"]:
        layer.update(values.get("layer", {}))
    loaded.update({name: value for name, value in values.items() if name != "layer"})
    return create_record("model", json.dumps(loaded).encode(), step=1, wall_time=2000.0)


def damaged(kind: Any, dtype: int, shape: list[int], **fields: Any) -> Event:
    """A record whose tensor is not what it says."""
    metadata = Metadata(kind=kind, model="model")
    content = create_content(metadata)
    event = tensor_event(create_tag(metadata), 51, 1051.0, 0.0, content=content)
    proto = event.summary.value[0].tensor
    proto.Clear()
    proto.dtype = dtype
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    for name, value in fields.items():
        getattr(proto, name).extend(value)
    return event


def with_records(*records: Record) -> list[Event]:
    return [event_of(record) for record in (*base(), *records)]


def every_number(number: float) -> list[Event]:
    """A run in whose tables every number is this one."""
    return [
        event_of(
            record
            if isinstance(record.value, bytes)
            else replace(record, value=np.full(record.value.shape, number))
        )
        for record in base()
    ]


def hostile_times() -> list[Event]:
    """Steps that go back, at wall times that are no numbers, of records and of scalars."""
    times = (INF, -INF, 1e300, -5.0, 5e-324)
    events = []
    for index, record in enumerate(base()):
        if isinstance(record.value, bytes):
            events.append(event_of(record))
            continue
        step = 50 - record.step if index % 3 == 0 else record.step
        events.append(event_of(replace(record, step=step, wall_time=times[index % 5])))
    for tag in ("batch_loss", "epoch_loss"):
        events += [scalar_event(tag, 40 - at, times[at % 5], 1.0 / at) for at in range(1, 60)]
        events += [scalar_event(tag, at, 1000.0 + at, INF) for at in (2**62, 3, 1)]
    return events


def no_times() -> list[Event]:
    """Behind all that is well, steps that go back at times that are NaN; the fast loader stops."""
    layers = [record for record in base() if record.metadata.kind == "layers"]
    events = [event_of(replace(record, wall_time=NAN)) for record in layers[::-2]]
    events += [scalar_event("batch_loss", step, NAN, 1.0) for step in (9, 3, 5)]
    return [*with_records(), *events]


def scalars_of_any_kind() -> list[Event]:
    """Scalars that are vectors, texts, and larger than they are."""
    events = [event_of(record) for record in base()]
    for number, value in enumerate(([1.0, 2.0], b"text", [])):
        event = scalar_event(f"odd_{number}", 1, 1001.0, 1.0)
        event.summary.value[0].tensor.CopyFrom(
            tensor_event("t", 1, 1.0, value).summary.value[0].tensor
        )
        events.append(event)
    large = scalar_event("large", 1, 1001.0, 1.0)
    large.summary.value[0].tensor.tensor_shape.dim.add(size=10**9)
    return [*events, large, scalar_event("well", 1, 1001.0, 1.0)]


def odd_names() -> list[Event]:
    calls = [replace(CALL, source=ODD, function=ODD, reason=ODD, context=ODD, mode=ODD)]
    layer = {"path": ODD, "layer_class": ODD, "dtype": ODD, "start": ODD}
    phase = replace(PHASE, reason=ODD, metrics=(replace(METRIC, name=ODD, metric_class=ODD),))
    return with_records(
        document(layer=layer, keras=ODD, tensorflow=ODD, optimizer=ODD, expect=[ODD]),
        create_calls(calls, wall_time=2000.0),
        create_phase(phase, wall_time=2000.0),
        create_record("loss", np.ones(18), name=ODD.encode("utf-8", "replace").decode()),
    )


def many_processes() -> list[Event]:
    """Every record and every document is of another process."""
    events = []
    for index, record in enumerate(base()):
        if record.metadata.kind == "layers":
            value = np.array(record.value)
            value[0, 0] = 1000.0 + index
            events.append(event_of(replace(record, value=value)))
        else:
            events.append(event_of(record))
        facts = replace(create_history().facts, process_started=1000.0 + index)
        events.append(event_of(create_model(facts, wall_time=1000.0 + index)))
    return events


def odd_columns() -> list[Event]:
    columns = Columns(
        model=("record",) * 9, layers=("trainable", *LAYER_COLUMNS) * 50, events=(), probe=("x",)
    )
    facts = replace(create_history().facts, columns=columns)
    return with_records(create_model(facts, wall_time=1000.0))


RUNS: Final[dict[str, Callable[[], list[Event]]]] = {
    "half": lambda: [*with_records(), damaged("layers", types_pb2.DT_HALF, [1], half_val=[99999])],
    "type_20": lambda: [*with_records(), damaged("layers", 20, [1])],
    "fill": lambda: [
        *with_records(),
        *(
            damaged(k, types_pb2.DT_DOUBLE, [10**5, 10**4], double_val=[1.0])
            for k in ("layers", "probe")
        ),
        damaged("model", types_pb2.DT_STRING, [10**9], string_val=[b"{}"]),
    ],
    "empty": lambda: [*with_records(), damaged("layers", types_pb2.DT_FLOAT, [10**5, 10**4])],
    "digits": lambda: with_records(
        document(
            replicas=DIGITS,
            process_started=DIGITS,
            layer={"channels": DIGITS, "momentum": DIGITS, "virtual_batch": -DIGITS},
            weights={"trainable": DIGITS, "unchanged": [], "checked_step": DIGITS},
        )
    ),
    "facts": lambda: with_records(
        document(
            replicas=-1,
            process_started=NAN,
            layer={
                "channels": -8,
                "momentum": NAN,
                "epsilon": -INF,
                "axis": [2**60],
                "start_updates_before": INF,
            },
            graph={"nodes": [{"path": "", "layer_class": "", "layer": 99}], "edges": [[0, 7]]},
        )
    ),
    "graph": lambda: with_records(document(graph={"nodes": [], "edges": [[-1, 2]] * 1000})),
    "deep": lambda: with_records(
        create_record("model", b"[" * 100_000, step=51, wall_time=3000.0),
        create_record("calls", b'{"calls":' * 50_000, step=51, wall_time=3000.0),
        create_record("phase", b'{"a":' * 50_000, step=51, wall_time=3000.0),
    ),
    "times": hostile_times,
    "no_times": no_times,
    "scalars": scalars_of_any_kind,
    "names": odd_names,
    "columns": odd_columns,
    "processes": many_processes,
    "phases": lambda: with_records(
        *(create_phase(replace(PHASE, number=at), step=at) for at in range(2, 400))
    ),
    "metrics": lambda: with_records(
        create_phase(
            replace(
                PHASE,
                number=2,
                metrics=tuple(replace(METRIC, name=f"metric {at}") for at in range(500)),
            ),
            step=51,
            wall_time=2000.0,
        )
    ),
    **{
        f"number_{at}": partial(every_number, number)
        for at, number in enumerate((NAN, INF, -INF, -1.0, 0.0, 5e-324, 1e308, 2.0**60))
    },
}

WELL: Final = "well"


def write_hostile(logdir: Path) -> None:
    """Writes all of these runs, and the one that is well."""
    for run, events in RUNS.items():
        write_events(logdir / run, events())
    write_events(logdir / WELL, with_records())
