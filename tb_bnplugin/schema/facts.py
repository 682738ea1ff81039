"""Static facts of a model, its mode ledger and its phases: what the JSON documents hold."""

from __future__ import annotations

from dataclasses import dataclass

from tb_bnplugin.schema.columns import (
    EVENT_COLUMNS,
    GRADIENT_COLUMNS,
    LAYER_COLUMNS,
    LOSS_COLUMNS,
    MODEL_COLUMNS,
    PROBE_COLUMNS,
    PROBE_LAYER_COLUMNS,
)
from tb_bnplugin.schema.places import Line, Statement


@dataclass(frozen=True, kw_only=True)
class GammaBeta:
    """Which of gamma and beta a layer has, and where they began."""

    gamma: bool
    beta: bool
    start: str = "unknown"  # when the watch began: or "initializer", "trained"


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """Who else calls a layer: the same model again in one pass, other models, and earlier ones."""

    calls_a_pass: int | None = None  # nodes of the functional graph; None: not known
    first_in: str = ""  # where the run recorded it first, model and path, "critic/bn"; "": here
    ran_before: tuple[float, ...] = ()  # executions, by column, that an earlier watch has counted


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
    gamma_beta: GammaBeta
    virtual_batch: int | None = None  # rows of a virtual batch, which the layer is normalized by
    sharing: Sharing = Sharing()


@dataclass(frozen=True, kw_only=True)
class Call:
    """One way a layer is called, as the trace knows it: a line of the mode ledger."""

    layer: int  # index into ModelFacts.layers
    mode: str  # "training", "inference" or "dynamic" (a tensor decides)
    context: str  # one of tables.CONTEXTS
    training_argument: str  # "true", "false", "none", "tensor": the value `call` was given
    reason: str  # "explicit", "graph", "inherited", "default", "sibling", "unknown"
    # Path of the layer that holds the value, or ""; of "default" the layer around that was given a
    # value, which the code within it did not pass on.
    source: str
    trainable: bool  # of the layer when traced
    function: str  # name of the traced function, "" when run eagerly
    jit: bool  # compiled by XLA
    input_shape: tuple[int | None, ...]
    first_step: int  # step at which this way was first seen
    location: str = ""  # line of the user's program, "train.py:42"; "": not known
    stack: tuple[Line, ...] = ()  # that line, and those that called it; the innermost first


@dataclass(frozen=True, kw_only=True)
class Node:
    """One layer of the model, batch normalization or not, for the model map."""

    path: str
    layer_class: str
    layer: int | None  # index into ModelFacts.layers when it is batch normalization
    # Of a convolution: its filters, the axis of its output that they are on, counted from 0, and
    # how many axes there are.
    filters: int | None = None
    channel_axis: int | None = None
    axes: int | None = None
    permutes: tuple[int, ...] = ()  # of a `Permute`: its `dims`


@dataclass(frozen=True, kw_only=True)
class Untracked:
    """A batch normalization layer that the model's code can call and that Keras does not track."""

    path: str  # of the layer that holds it, and its own name: "norm/hidden_bn"
    updated: bool  # its moving statistics have changed since it was found
    learned: bool  # its gamma or beta has


@dataclass(frozen=True, kw_only=True)
class Graph:
    """The model map: all layers of the model, and how they are connected as far as it is known."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[tuple[int, int], ...] = ()  # pairs of indices into nodes
    untracked: tuple[Untracked, ...] = ()


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
    # Keras looks behind the softmax or sigmoid that made the predictions; None: not known.
    carries_logits: bool | None = None
    from_logits: bool | None = None  # what a Keras loss object was told; None: no such object
    line: Line | None = None  # of a function of the user's: its one `return`
    measured_at: Line | None = None  # the line that handed it to `summary.loss_reduction`
    paired_at: Line | None = None  # within a measured one: where rows meet the other rows


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
    """A part of the recording that failed, in all or in part, while the rest went on."""

    part: str  # "probe", "losses", "counting", ...
    reason: str  # the exception's class and the first line of its text


@dataclass(frozen=True, kw_only=True)
class ModelCode:
    """Who wrote what of the model: Keras, or the user."""

    model_class: str
    subclassed: bool  # neither Sequential nor Functional
    call_accepts_training: bool | None  # does the root model's `call` have `training`
    has_call: bool = True  # False: a model that only holds others, and is never called itself
    own_train_step: bool | None = None  # the class overrides Keras' train_step; None: not known
    statements: tuple[Statement, ...] = ()  # of the user's program, found by reading it


@dataclass(frozen=True, kw_only=True)
class WeightFacts:
    """Which trainable weights training has changed."""

    trainable: int = 0  # how many trainable weights were looked at
    unchanged: tuple[str, ...] = ()  # paths of those that never changed
    checked_step: int | None = None  # step of the newest look; None: not looked yet


@dataclass(frozen=True, kw_only=True)
class OptimizerFacts:
    """An optimizer that trains the model, and what it does to gradients before it steps."""

    optimizer_class: str  # that makes the step, within whatever wraps it: "Adam"
    keras_class: str | None  # the class of Keras that it is, or derives from; None: neither
    known_from: str  # "compile", "argument" (of `watch`) or "found" (in the loop)
    schedule: str | None = None  # class of the schedule of its learning rate
    clipnorm: float | None = None
    clipvalue: float | None = None
    global_clipnorm: float | None = None
    loss_scale: str | None = None  # gradients are divided by one: "dynamic" or "fixed"
    gradient_accumulation_steps: int | None = None  # gradients that one step adds up


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """The newest static facts of one model."""

    name: str
    code: ModelCode
    keras: str  # "keras 3.15.1" or "tf_keras 2.21.0"
    tensorflow: str
    replicas: int
    trained_by: str  # "fit" or "loop"
    expect: tuple[str, ...]  # rule codes that are meant here
    layers: tuple[LayerFacts, ...]
    graph: Graph
    process_started: float = 0.0  # wall time, seconds, as in the layers records
    columns: Columns = Columns()
    weights: WeightFacts = WeightFacts()
    switched_off: tuple[SwitchedOff, ...] = ()
    optimizers: tuple[OptimizerFacts, ...] = ()  # those that train it now, as far as known
    probe_data: bool = False  # the callback has a held batch

    @property
    def optimizer(self) -> str | None:
        """Class of the optimizer; several: with commas between; None: not known."""
        return ", ".join(dict.fromkeys(known.optimizer_class for known in self.optimizers)) or None

    @property
    def is_placeholder(self) -> bool:
        """True of what holds the losses of a loop whose model is not watched."""
        return not self.code.model_class

    @property
    def keras_3(self) -> bool:
        """True if the recording Keras is version 3, False if it is tf_keras."""
        return self.keras.startswith("keras 3")
