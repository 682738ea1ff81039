"""What is read of a model at one moment, and what must be known to make a table of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, kw_only=True)
class LayerStart:
    """What the table needs to know of a layer, and its statistics when the count began."""

    channels: int
    momentum: float
    epsilon: float
    from_initializer: bool  # False: loaded, so that the start is as good as any later value
    updates_before: float  # training executions counted before the start was taken
    low_precision: bool = False  # the statistics are float16 or bfloat16
    gamma_beta_start: str = "unknown"  # as LayerFacts has it


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The state of a model at one moment, as read from the device."""

    mean: npt.NDArray[np.generic]  # [channels of all layers]
    variance: npt.NDArray[np.generic]  # the same
    gamma_beta: npt.NDArray[np.generic]  # gamma and beta of all layers that have them
    executions: npt.NDArray[np.int64]  # [layers, counting.COUNTED]
    trainable: npt.NDArray[np.bool_]  # [layers]
    trainable_as_set: npt.NDArray[np.bool_]  # [layers] as the program last set it
    weights: npt.NDArray[np.float32]  # a sample of the other trainable weights
    batches: npt.NDArray[np.int64] | None  # times each batch size was seen
    iterations: float
    learning_rate: float


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When and why a record is made."""

    step: int
    phase: int
    reason: str  # one of RECORD_REASONS
    evaluations: int
    predictions: int
    process_started: float
