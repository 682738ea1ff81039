"""Some batches of the data, on which a model is scored before and after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.python.eager import record

from tb_bnplugin.keras.calls.suspend import suspend
from tb_bnplugin.keras.flavour import Flavour
from tb_bnplugin.keras.probe import score
from tb_bnplugin.keras.recalibration.batches import Batch, rows_of
from tb_bnplugin.keras.watched_layers import strategy_of
from tb_bnplugin.measure.outputs import distance_of
from tb_bnplugin.measure.recalibration import Score

Floats = npt.NDArray[np.float64]

MOST: Final = 4
"""Batches that are held: 2 to 4, spread over the data, in 8 passes more."""


@dataclass(frozen=True, kw_only=True)
class _Held:
    batch: Batch
    outputs: Sequence[Floats]  # with the statistics of the batch
    score: Score  # of these


class HeldBatches:
    """Holds batches that are spread over the data, and scores predictions on them.

    Args:
        flavour: of the model.
        model: built.
        loss: as `summary.loss_reduction` takes it; the compiled loss if None.
    """

    def __init__(self, flavour: Flavour, model: Any, loss: Any) -> None:
        self._flavour = flavour
        self._model = model
        self._loss = loss
        self._held: list[_Held] = []
        self._every = 1
        self._seen = 0

    def offer(self, batch: Batch, outputs: Any) -> None:
        """Hold a batch if it is its turn: each first, second, fourth, ... as the data go on.

        Args:
            batch: the next one.
            outputs: of the model for it, with batch statistics.
        """
        if self._seen % self._every == 0:
            arrays = _arrays(outputs)
            right = self._score(batch, outputs, arrays, arrays)
            self._held.append(_Held(batch=batch, outputs=arrays, score=right))
        self._seen += 1
        if len(self._held) > MOST:
            self._held = self._held[::2]
            self._every *= 2

    def score(self, predict: Callable[[Any], Any]) -> Score:
        """The score of predictions.

        Args:
            predict: gives the outputs for the inputs of a batch.
        """
        scores = []
        for held in self._held:
            outputs = predict(held.batch[0])
            scores.append(self._score(held.batch, outputs, _arrays(outputs), held.outputs))
        return Score.mean_of(scores, self._rows())

    def with_batch_statistics(self) -> Score:
        """The score where each layer takes the statistics of the batch."""
        return Score.mean_of([held.score for held in self._held], self._rows())

    def _rows(self) -> list[int]:
        return [rows_of(held.batch[0]) for held in self._held]

    def _score(
        self, batch: Batch, outputs: Any, arrays: Sequence[Floats], right: Sequence[Floats]
    ) -> Score:
        _, y, weight = batch
        distance = distance_of(arrays, right)
        if y is None:
            return Score(distance=distance)
        strategy = strategy_of(self._model)
        inside = strategy is tf.distribute.get_strategy()
        with (
            suspend(),
            record.stop_recording(),
            nullcontext() if inside else strategy.scope(),
        ):
            given = (self._flavour, self._model, y, outputs, weight, self._loss)
            loss = score.loss_of(*given)
        return Score(loss=loss, accuracy=score.accuracy_of(list(arrays), y), distance=distance)


def _arrays(outputs: Any) -> list[Floats]:
    return [np.asarray(part, np.float64) for part in tf.nest.flatten(outputs)]
