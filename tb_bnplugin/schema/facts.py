"""Static facts of a model, and its mode ledger: the JSON documents among the records.

Encoding and parsing stand side by side. Parsing takes what a hostile or newer log may
hold: unknown keys are ignored, a missing or ill-typed value raises `FactsError`.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import types
import typing
from dataclasses import dataclass
from typing import Any, TypeVar

from tb_bnplugin.errors import FactsError
from tb_bnplugin.schema.columns import (
    EVENT_COLUMNS,
    GRADIENT_COLUMNS,
    LAYER_COLUMNS,
    LOSS_COLUMNS,
    MODEL_COLUMNS,
    PROBE_COLUMNS,
    PROBE_LAYER_COLUMNS,
)


@dataclass(frozen=True, kw_only=True)
class LayerFacts:
    """Static facts of one batch normalization layer."""

    path: str  # unique within the model, as Keras names it: "base/block_1/bn"
    layer_class: str  # "BatchNormalization"
    channels: int | None  # None: not built yet
    momentum: float | None
    epsilon: float | None
    axis: tuple[int, ...]
    dtype: str | None  # of the moving statistics
    synchronized: bool  # across replicas
    start: str  # "initializer", "loaded" (differs from the initializer), or "unbuilt"
    start_updates_before: float  # training executions counted before the start was (re)taken
    requested: bool | None  # `training` asked for by the functional graph; None: nothing known
    keras_layer: bool  # its `call` is Keras' own; False: a foreign class, or one derived from it
    has_gamma: bool
    has_beta: bool
    gamma_beta_start: str = "unknown"  # gamma and beta at watch: or "initializer", "trained"
    virtual_batch: int | None = None  # rows of a virtual batch, which the layer is normalized by


@dataclass(frozen=True, kw_only=True)
class Call:
    """One way a layer is called, as the trace knows it: a line of the mode ledger."""

    layer: int  # index into ModelFacts.layers
    mode: str  # "training", "inference" or "dynamic" (a tensor decides)
    context: str  # one of tables.CONTEXTS
    training_argument: str  # "true", "false", "none", "tensor": the value `call` was given
    reason: str  # "explicit", "graph", "inherited", "default", "sibling", "unknown"
    source: str  # where it comes from: path of the layer that holds the value, or ""
    trainable: bool  # of the layer when traced
    function: str  # name of the traced function, "" when run eagerly
    jit: bool  # compiled by XLA
    input_shape: tuple[int | None, ...]
    first_step: int  # step at which this way was first seen
    location: str = ""  # line of the user's program, "train.py:42"; "": not known


@dataclass(frozen=True, kw_only=True)
class Node:
    """One layer of the model, batch normalization or not, for the model map."""

    path: str
    layer_class: str
    layer: int | None  # index into ModelFacts.layers when it is batch normalization


Shape = tuple[int | None, ...]


@dataclass(frozen=True, kw_only=True)
class LossFacts:
    """A loss: as compiled and seen by the traced step, or as measured."""

    name: str
    loss_class: str  # "MeanSquaredError", or the qualified name of a function
    reduction: str | None  # None for a plain function
    label_shape: Shape | None
    prediction_shape: Shape | None
    label_dtype: str | None
    prediction_dtype: str | None
    weighted: bool  # a sample weight was given
    keras_class: str | None = None  # of a measured loss: the Keras loss that it is a multiple of
    taken_from: str = "compile"  # or where a measured loss has its batch: "arguments", "probe_data"


@dataclass(frozen=True, kw_only=True)
class MetricFacts:
    """A compiled metric, and what its name became."""

    name: str
    compiled_as: str  # as given to compile: "accuracy", or a class name
    metric_class: str  # what Keras made of it: "SparseCategoricalAccuracy", or a function's name
    label_shape: Shape | None
    prediction_shape: Shape | None
    label_dtype: str | None = None
    prediction_dtype: str | None = None


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A stretch of training between two fits, compiles or new callbacks: a document of its own.

    A run may have thousands of them, so each is written once, and again when more is known of it.
    """

    number: int  # 1-based, within the process
    step: int  # first train step of the phase
    wall_time: float  # seconds
    reason: str  # "fit", "compile", "watch", "restart"
    process_started: float = 0.0  # wall time, seconds, as in the layers records
    losses: tuple[LossFacts, ...] = ()  # compiled, one an output
    metrics: tuple[MetricFacts, ...] = ()  # compiled
    measured_losses: tuple[LossFacts, ...] = ()  # by `summary.loss_reduction`, or on probe data


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Names of the columns that a process writes, in their order."""

    model: tuple[str, ...] = MODEL_COLUMNS  # row 0 of a layers record
    layers: tuple[str, ...] = LAYER_COLUMNS
    events: tuple[str, ...] = EVENT_COLUMNS
    loss: tuple[str, ...] = LOSS_COLUMNS
    gradient: tuple[str, ...] = GRADIENT_COLUMNS
    probe: tuple[str, ...] = PROBE_COLUMNS  # compiled metrics behind: METRIC_PREFIX and the name
    probe_layers: tuple[str, ...] = PROBE_LAYER_COLUMNS


@dataclass(frozen=True, kw_only=True)
class SwitchedOff:
    """A part of the recording that failed, and was switched off while the rest went on."""

    part: str  # "probe", "losses", "counting", ...
    reason: str  # the exception's class and the first line of its text


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """The newest static facts of one model."""

    name: str
    model_class: str
    keras: str  # "keras 3.15.1" or "tf_keras 2.21.0"
    tensorflow: str
    replicas: int
    optimizer: str | None  # class name
    subclassed: bool  # neither Sequential nor Functional
    call_accepts_training: bool | None  # does the root model's `call` have `training`
    trained_by: str  # "fit" or "loop"
    expect: tuple[str, ...]  # rule codes that are meant here
    layers: tuple[LayerFacts, ...]
    nodes: tuple[Node, ...]
    edges: tuple[tuple[int, int], ...]  # pairs of indices into nodes
    process_started: float = 0.0  # wall time, seconds, as in the layers records
    columns: Columns = Columns()
    unchanged_weights: tuple[str, ...] = ()  # paths of trainable weights that never changed
    trainable_weights: int = 0  # how many trainable weights were looked at
    weights_checked_step: int | None = None  # step of that look; None: not looked yet
    switched_off: tuple[SwitchedOff, ...] = ()
    own_train_step: bool | None = None  # the class overrides Keras' train_step; None: not known

    @property
    def keras_3(self) -> bool:
        """True if the recording Keras is version 3, False if it is tf_keras."""
        return self.keras.startswith("keras 3")


def encode_model(facts: ModelFacts) -> bytes:
    """The facts as UTF-8 JSON, the content of a `batch_norm/model` record."""
    return _encode(dataclasses.asdict(facts))


@functools.lru_cache(maxsize=32)  # while it trains, the same document is read again and again
def parse_model(document: bytes) -> ModelFacts:
    """The facts in a `batch_norm/model` record; raises `FactsError`."""
    return _parse(ModelFacts, _load(document), "model")


def encode_phase(phase: Phase) -> bytes:
    """The phase as UTF-8 JSON, the content of a `batch_norm/phase` record."""
    return _encode(dataclasses.asdict(phase))


@functools.lru_cache(maxsize=1024)  # a rule engine that runs while a model trains reads all again
def parse_phase(document: bytes) -> Phase:
    """The phase in a `batch_norm/phase` record; raises `FactsError`."""
    return _parse(Phase, _load(document), "phase")


def encode_calls(calls: typing.Sequence[Call]) -> bytes:
    """The mode ledger as UTF-8 JSON, the content of a `batch_norm/calls` record."""
    return _encode({"calls": [dataclasses.asdict(call) for call in calls]})


@functools.lru_cache(maxsize=32)
def parse_calls(document: bytes) -> tuple[Call, ...]:
    """The mode ledger in a `batch_norm/calls` record; raises `FactsError`."""
    loaded = _load(document)
    return typing.cast("tuple[Call, ...]", _value(tuple[Call, ...], loaded.get("calls"), "calls"))


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


_Facts = TypeVar("_Facts")


def _parse(cls: type[_Facts], value: Any, where: str) -> _Facts:
    if not isinstance(value, dict):
        raise FactsError(f"{where}: an object was expected, received {type(value).__name__}")
    hints = typing.get_type_hints(cls)
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
        return tuple(_value(item, part, f"{where}[{index}]") for index, part in enumerate(value))
    if dataclasses.is_dataclass(hint):
        return _parse(typing.cast("type[Any]", hint), value, where)
    accepted = (int, float) if hint is float else hint
    if not isinstance(value, accepted) or (isinstance(value, bool) and hint is not bool):
        raise FactsError(f"{where}: {hint.__name__} was expected, received {type(value).__name__}")
    return float(value) if hint is float else value
