"""Logs that mean harm by size: ten megabytes, each of as many of one small thing as they hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any, Final

from tensorboard.compat.proto import types_pb2
from tensorboard.compat.proto.event_pb2 import Event

from tb_bnplugin.schema.columns import PROBE_COLUMNS
from tb_bnplugin.schema.facts import ModelFacts
from tb_bnplugin.schema.facts_json import encode_model
from tb_bnplugin.schema.records import Kind, Metadata, create_content, create_tag
from tests.dashboard.write_log import event_of, tensor_event, write_events
from tests.support.histories import CALL, FACTS, LAYER, METRIC, PHASE
from tests.support.records import create_layers, create_model, create_phase, create_record

BYTES: Final = 10_000_000
FRAME: Final = 16  # bytes around an event


def fill(make: Callable[[int], Event], size: int = BYTES) -> Iterator[Event]:
    """Events until a file is full."""
    left = size
    for index in count():
        event = make(index)
        left -= event.ByteSize() + FRAME
        if left < 0:
            return
        yield event


def small(kind: Kind, index: int, name: str = "") -> Event:
    """A record of one cell, without the metadata that its tag has had before."""
    event = Event.FromString(cell(kind, name, first=not index or bool(name)))
    event.step, event.wall_time = index + 1, 1000.0 + index
    return event


@lru_cache(maxsize=10)
def cell(kind: Kind, name: str, *, first: bool) -> bytes:
    of = Metadata(kind=kind, model="m", name=name)
    event = tensor_event(create_tag(of), 1, 1000.0, 1.0, content=create_content(of))
    proto = event.summary.value[0].tensor
    proto.Clear()
    proto.dtype = types_pb2.DT_DOUBLE
    proto.double_val.append(1.0)
    for _ in range(1 if kind == "loss" else 2):
        proto.tensor_shape.dim.add(size=1)
    if not first:
        event.summary.value[0].ClearField("metadata")
    content: bytes = event.SerializeToString()
    return content


def model(facts: ModelFacts = FACTS) -> Event:
    return event_of(create_model(replace(facts, name="m"), model="m"))


def of_json(**values: Any) -> Event:
    """A model document with values as they stand here, of which no facts could be made."""
    document = {**json.loads(encode_model(FACTS)), **values}
    text = json.dumps(document, separators=(",", ":")).encode()
    return event_of(create_record("model", text, model="m"))


def raw(kind: Kind, text: bytes) -> Event:
    return event_of(create_record(kind, text, model="m", step=2, wall_time=3000.0))


def layers(number: int) -> ModelFacts:
    named = tuple(replace(LAYER, path=f"{at}", layer_class="") for at in range(number))
    return replace(FACTS, layers=named)


def list_of(item: str, size: int = BYTES) -> str:
    return f"[{','.join([item] * (size // (len(item) + 1)))}]"


def whole(index: int) -> Event:
    return event_of(create_layers(index + 1, layers=1))


def varints() -> Event:
    """A table whose numbers take a byte each in the log, and eight in memory."""
    event = small("layers", 0)
    proto = event.summary.value[0].tensor
    proto.Clear()
    proto.dtype = types_pb2.DT_INT64
    proto.int64_val.extend([1] * (BYTES // 2))
    for size in (BYTES // 2 // 20, 20):
        proto.tensor_shape.dim.add(size=size)
    return event


def strings() -> Event:
    """A document of many strings."""
    event = raw("model", b"")
    event.summary.value[0].tensor.string_val.extend([b"ab"] * (BYTES // 4))
    return event


def keys() -> bytes:
    named = ",".join(f'"{at}":0' for at in range(BYTES // 11))
    return f"{{{named}}}".encode()


METRICS: Final = json.dumps(asdict(METRIC)).replace("accuracy", "%s")

LARGE: Final[dict[str, Callable[[], list[Event]]]] = {
    "records": lambda: [model(), *fill(lambda at: small("layers", at))],
    "whole_records": lambda: [event_of(create_model()), *fill(whole)],
    "layers_and_records": lambda: [
        model(layers(12_000)),
        *fill(lambda at: small("layers", at), BYTES // 2),
    ],
    "layers": lambda: [model(layers(25_000)), small("layers", 0), small("layers", 1)],
    "losses": lambda: [model(), *fill(lambda at: small("loss", at, name=f"{at}"))],
    "models": lambda: list(
        fill(lambda at: event_of(create_model(replace(FACTS, layers=()), model=f"{at}")))
    ),
    "probes": lambda: [
        model(
            replace(
                FACTS,
                columns=replace(
                    FACTS.columns,
                    probe=(*PROBE_COLUMNS, *(f"metric:{at}" for at in range(300_000))),
                ),
            )
        ),
        *fill(lambda at: small("probe", at), BYTES // 2),
    ],
    "columns": lambda: [
        of_json(columns={"layers": ["trainable"] * (BYTES // 24)}),
        *fill(lambda at: small("layers", at), BYTES // 2),
    ],
    "phases": lambda: [
        model(),
        *fill(lambda at: event_of(create_phase(replace(PHASE, number=at), model="m", step=at + 1))),
    ],
    "processes": lambda: list(
        fill(lambda at: model(replace(FACTS, process_started=float(at), layers=())))
    ),
    "calls": lambda: [
        model(),
        raw("calls", f'{{"calls":{list_of(json.dumps(asdict(CALL)))}}}'.encode()),
    ],
    "edges": lambda: [
        of_json(
            graph={
                "nodes": [{"path": "", "layer_class": "", "layer": None}],
                "edges": [[0, 0]] * (BYTES // 6),
            }
        )
    ],
    "nodes": lambda: [
        of_json(graph={"nodes": [{"path": "", "layer_class": "", "layer": None}] * (BYTES // 42)})
    ],
    "metrics": lambda: [
        model(),
        raw(
            "phase",
            (
                '{"number":2,"step":2,"wall_time":3000,"reason":"fit","metrics":['
                + ",".join(METRICS % (f"m{at}", at) for at in range(BYTES // len(METRICS)))
                + "]}"
            ).encode(),
        ),
    ],
    "nothing": lambda: [model(), raw("model", f'{{"a":{list_of("[]")}}}'.encode())],
    "objects": lambda: [model(), raw("model", f'{{"a":{list_of("{}")}}}'.encode())],
    "keys": lambda: [
        model(),
        raw("model", keys()),
    ],
    "text": lambda: [of_json(keras="\U0001f600" + "n" * BYTES)],
    "expected": lambda: [of_json(expect=["ab"] * (BYTES // 5))],
    "varints": lambda: [model(layers(1000)), varints()],
    "strings": lambda: [model(), strings()],
}


def write_large(logdir: Path, name: str, *, checksums: bool = False) -> None:
    """Writes one of these logs; without checksums of contents, which take a while in Python."""
    path = write_events(logdir / name, LARGE[name](), checksums=checksums)
    assert BYTES // 4 < path.stat().st_size < 1.1 * BYTES
