"""A reading of a model at one moment: all that a record is made of, as plain numpy values.

Whoever fills these, from Keras or from anything else, can make records (`measure.model_records`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tb_bnplugin.schema.facts import Call, ModelFacts, Phase


@dataclass(frozen=True, kw_only=True)
class LayerStart:
    """The facts of a layer that its table needs, and its statistics when the count began."""

    channels: int
    momentum: float
    epsilon: float
    from_initializer: bool  # False: loaded, so that the start is as good as any later value
    updates_before: float  # training executions counted before the start was taken
    # EXECUTION_COLUMNS as an earlier watch of this process left them; (): there was none.
    ran_before: tuple[float, ...] = ()
    low_precision: bool = False  # the statistics are float16 or bfloat16
    gamma_beta_start: str = "unknown"  # as GammaBeta has it


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The state of a model at one moment, as read from the device."""

    mean: npt.NDArray[np.generic]  # [channels of all layers]
    variance: npt.NDArray[np.generic]  # the same
    gamma_beta: npt.NDArray[np.generic]  # beta, or else gamma, of all layers that have one
    executions: npt.NDArray[np.int64]  # [layers, EXECUTION_COLUMNS and EVENT_COUNTERS]
    trainable: npt.NDArray[np.bool_]  # [layers]
    trainable_as_set: npt.NDArray[np.bool_]  # [layers] as the program last set it
    weights: npt.NDArray[np.float32]  # a sample of the other trainable weights
    batches: npt.NDArray[np.int64] | None  # times each batch size was seen
    iterations: float  # of the optimizer, NaN without one
    learning_rate: float  # NaN where it is not known
    loss_scale: float = float("nan")  # that the optimizer divides gradients by, NaN: by none
    # Mean and variance [replicas - 1, 2, channels of all layers] as the other replicas of this
    # process hold them; None where there is no other.
    other_copies: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When and why a record is made."""

    step: int  # global train step
    reason: str  # one of RECORD_REASONS
    evaluations: int  # evaluate loops that ended, cumulative
    predictions: int
    process_started: float  # wall time, seconds
    wall_time: float  # of the record, seconds


@dataclass(frozen=True, kw_only=True)
class NewLayers:
    """Layers that were found, and the statistics that they began with."""

    starts: tuple[LayerStart, ...]
    mean: npt.NDArray[np.generic]  # [channels of these layers]
    variance: npt.NDArray[np.generic]

    @classmethod
    def joined(cls, parts: Sequence[NewLayers]) -> NewLayers:
        """Layers that were found one after the other, as if at once."""
        return cls(
            starts=tuple(start for part in parts for start in part.starts),
            mean=np.concatenate([part.mean for part in parts]),
            variance=np.concatenate([part.variance for part in parts]),
        )


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """A first reading of a kind: layers were added, or other weights are read from now on."""

    reading: Reading
    gamma_beta_layers: npt.NDArray[np.int64]  # layer of each value of `Reading.gamma_beta`


@dataclass(frozen=True, kw_only=True)
class Observation:
    """One reading of a model. Parts that did not change since the reading before are None."""

    reading: Reading | None = None
    loop_began: Reading | None = None  # before the evaluate or predict loop that just ended
    new_layers: NewLayers | None = None
    baseline: Baseline | None = None  # later readings are compared with it
    facts: ModelFacts | None = None
    calls: tuple[Call, ...] | None = None
    phase: Phase | None = None
    look: int = 0  # counts the looks at a model, which may overlap
