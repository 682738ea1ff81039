"""The effective mode of each layer at each record, from differences of cumulative counts."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from tb_bnplugin.diagnose.evidence.layers import ran_before
from tb_bnplugin.history.model import CONTEXTS, MODES, Floats, ModelHistory

EXECUTIONS: Final = tuple(f"{mode}_{context}" for mode in MODES for context in CONTEXTS)
"""Layer columns of cumulative executions by mode and context."""

NOT_CALLED: Final = 0
TRAINING: Final = 1
INFERENCE: Final = 2
MIXED: Final = 3
EVALUATED: Final = 4

Modes = npt.NDArray[np.int8]


def modes(history: ModelHistory) -> Modes:
    """The mode of each layer between a record and the one given before it [records, layers].

    1 training: executed in training mode. 3 mixed: so executed within evaluate or predict, or
    executed in inference mode under the tape as well. 2 inference: under a tape, or outside
    one where the layer never runs under one. 4 evaluated: in evaluate or predict only, or
    outside a tape where the layer runs under one too (a validation loop). 0: not executed.

    Where no layer of the model was executed, the modes of the record before stay: in a loop of
    one's own the record at the end of an evaluation bears the step of the record before it, so
    that it counts what was executed up to the next one.
    """
    counts = {name: _since_last_record(history, name) for name in EXECUTIONS}
    training = sum(counts[f"training_{name}"] for name in ("tape", "no_tape", "unknown")) > 0
    evaluated_in_training_mode = counts["training_evaluate"] + counts["training_predict"] > 0
    under_tape = counts["inference_tape"] > 0
    outside_tape = counts["inference_no_tape"] + counts["inference_unknown"] > 0
    evaluated = counts["inference_evaluate"] + counts["inference_predict"] > 0
    ever_under_tape = (counts["training_tape"] + counts["inference_tape"] > 0).any(axis=0)
    chosen = np.select(
        [
            evaluated_in_training_mode | (training & under_tape),
            training,
            under_tape | (outside_tape & ~ever_under_tape),
            outside_tape | evaluated,
        ],
        [MIXED, TRAINING, INFERENCE, EVALUATED],
        default=NOT_CALLED,
    )
    executed = (chosen != NOT_CALLED).any(axis=1)
    newest_executed = np.maximum.accumulate(np.where(executed, np.arange(len(chosen)), 0))
    return chosen.astype(np.int8)[newest_executed]


def encode_runs(values: Modes) -> list[int]:
    """Run-length code of one layer's modes: mode, records, mode, records, ..."""
    if not len(values):
        return []
    begins = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    lengths = np.diff(np.r_[begins, len(values)])
    runs: list[int] = np.stack([values[begins], lengths], axis=1).reshape(-1).tolist()
    return runs


def _since_last_record(history: ModelHistory, column: str) -> Floats:
    """Differences of a cumulative count.

    The first record of each process is compared with 0, that of the newest with what an earlier
    watch of it has counted.
    """
    counts = np.nan_to_num(history.layer(column), nan=0.0)
    before = np.zeros_like(counts)
    before[1:] = counts[:-1]
    started = history.model("process_started")
    begins = np.r_[True, (started[1:] != started[:-1]) & ~np.isnan(started[1:])][: len(counts)]
    before[begins] = 0.0
    if begins.any():
        mode, _, context = column.partition("_")
        before[np.flatnonzero(begins)[-1]] = ran_before(history, mode, (context,))
    return np.asarray(np.maximum(counts - before, 0.0), np.float64)
