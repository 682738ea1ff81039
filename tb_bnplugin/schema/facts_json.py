"""The JSON documents among the records: encoding and parsing, side by side.

Parsing takes what a hostile or newer log may hold: unknown keys are ignored, a missing or
ill-typed value raises `FactsError`.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import types
import typing
from collections.abc import Sequence
from typing import Any, Final, TypeVar

from tb_bnplugin.errors import FactsError
from tb_bnplugin.schema.facts import Call, ModelFacts, Phase
from tb_bnplugin.schema.places import Line

LONGEST_TEXT: Final = 10_000
"""Characters. Texts of a log are repeated in answers and outcomes, and these are longer than any
name of a layer; what is behind is cut off."""

MOST_LINES: Final = 100
"""Of one call: a log that names more is not ours."""

_Facts = TypeVar("_Facts")


def encode_model(facts: ModelFacts) -> bytes:
    """The facts as UTF-8 JSON, the content of a `batch_norm/model` record."""
    return _encode(dataclasses.asdict(facts))


def parse_model(document: bytes) -> ModelFacts:
    """The facts in a `batch_norm/model` record; raises `FactsError`."""
    return _parse(ModelFacts, _load(document), "model")


def encode_phase(phase: Phase) -> bytes:
    """The phase as UTF-8 JSON, the content of a `batch_norm/phase` record."""
    return _encode(dataclasses.asdict(phase))


def parse_phase(document: bytes) -> Phase:
    """The phase in a `batch_norm/phase` record; raises `FactsError`."""
    return _parse(Phase, _load(document), "phase")


def encode_calls(calls: Sequence[Call]) -> bytes:
    """The mode ledger as UTF-8 JSON, the content of a `batch_norm/calls` record.

    Lines of the program stand in a list of their own, once each: many layers are called by one.
    """
    lines = list(dict.fromkeys(line for call in calls for line in call.stack))
    place = {line: index for index, line in enumerate(lines)}
    rows = [
        {
            **dataclasses.asdict(dataclasses.replace(call, stack=())),
            "stack": [place[line] for line in call.stack],
        }
        for call in calls
    ]
    return _encode({"calls": rows, "lines": [dataclasses.asdict(line) for line in lines]})


def parse_calls(document: bytes) -> tuple[Call, ...]:
    """The mode ledger in a `batch_norm/calls` record; raises `FactsError`."""
    loaded = _load(document)
    lines = _value(tuple[Line, ...], loaded.get("lines", []), "lines")
    rows = loaded.get("calls")
    stacks: list[tuple[Line, ...]] = []
    if isinstance(rows, list):
        stacks = [_stack(row, lines) for row in rows]
        rows = [{**row, "stack": []} if isinstance(row, dict) else row for row in rows]
    calls = _value(tuple[Call, ...], rows, "calls")
    return tuple(
        dataclasses.replace(call, stack=stack) if stack else call
        for call, stack in zip(calls, stacks, strict=True)
    )


def encode_document(value: dict[str, Any]) -> bytes:
    """Any document as UTF-8 JSON."""
    return _encode(value)


def parse_document(cls: type[_Facts], document: bytes, name: str) -> _Facts:
    """The facts of a class in a document, which errors call `name`; raises `FactsError`."""
    return _parse(cls, _load(document), name)


def _stack(row: Any, lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines of one call; indices of none are left out."""
    given = row.get("stack", []) if isinstance(row, dict) else []
    indices = given[:MOST_LINES] if isinstance(given, list) else []
    return tuple(lines[at] for at in indices if type(at) is int and 0 <= at < len(lines))


def _encode(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=True).encode(
        "utf-8", "surrogatepass"
    )


def _load(document: bytes) -> dict[str, Any]:
    try:
        loaded = json.loads(document.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise FactsError(f"not a JSON document ({error})") from error
    if not isinstance(loaded, dict):
        raise FactsError(f"a JSON object was expected, received {type(loaded).__name__}")
    return loaded


@functools.cache
def _hints(cls: Any) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _parse(cls: type[_Facts], value: Any, where: str) -> _Facts:
    if not isinstance(value, dict):
        raise FactsError(f"{where}: an object was expected, received {type(value).__name__}")
    hints = _hints(typing.cast("typing.Hashable", cls))
    arguments: dict[str, Any] = {}
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]  # every caller passes a dataclass
        if field.name in value:
            arguments[field.name] = _value(
                hints[field.name], value[field.name], f"{where}.{field.name}"
            )
        elif field.default is dataclasses.MISSING:
            raise FactsError(f"{where}.{field.name} is missing")
    return cls(**arguments)


def _value(hint: Any, value: Any, where: str) -> Any:
    origin = typing.get_origin(hint)
    if origin is types.UnionType:
        if value is None:
            return None
        (hint,) = (option for option in typing.get_args(hint) if option is not type(None))
        return _value(hint, value, where)
    if origin is tuple:
        if not isinstance(value, list):
            raise FactsError(f"{where}: a list was expected, received {type(value).__name__}")
        options = typing.get_args(hint)
        if options[-1] is not Ellipsis and len(options) != len(value):
            raise FactsError(f"{where}: {len(options)} values were expected, received {len(value)}")
        item = options[0]
        if item is int and all(type(part) is int for part in value):
            return tuple(value)  # millions of them in the edges of a graph
        return tuple(_value(item, part, f"{where}[{index}]") for index, part in enumerate(value))
    if dataclasses.is_dataclass(hint):
        return _parse(typing.cast("type[Any]", hint), value, where)
    accepted = (int, float) if hint is float else hint
    if not isinstance(value, accepted) or (isinstance(value, bool) and hint is not bool):
        raise FactsError(f"{where}: {hint.__name__} was expected, received {type(value).__name__}")
    if hint is str:
        return str(value)[:LONGEST_TEXT]
    return _as_float(value) if hint is float else value


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer of hundreds of digits
        return math.inf if value > 0 else -math.inf
