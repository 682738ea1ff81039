"""The model-wide row of a `layers` record."""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.measure.layout import Floats, differs
from tb_bnplugin.measure.reading import Moment, Reading
from tb_bnplugin.schema.columns import MODEL_COLUMNS, RECORD_REASONS

_COLUMN: Final = {name: index for index, name in enumerate(MODEL_COLUMNS)}


class ModelRow:
    """Row 0 of a record, kept up from reading to reading."""

    def __init__(self) -> None:
        self._row = np.full(len(MODEL_COLUMNS), np.nan)
        self._row[_COLUMN["record"]] = 0.0
        self._row[_COLUMN["weight_changes"]] = 0.0
        self._last_step = np.nan

    def update(self, reading: Reading, last: Reading, moment: Moment, compared: float) -> Floats:
        """Make the row of a new reading, float64 [MODEL_COLUMNS].

        Args:
            reading: the new state.
            last: the one before.
            moment: of the record.
            compared: records at which the copies of replicas were compared.
        """
        row, step = self._row, float(moment.step)
        row[_COLUMN["process_started"]] = moment.process_started
        if step != self._last_step:  # a second record of a step stands for the first one
            row[_COLUMN["record"]] += 1
        self._last_step = step
        row[_COLUMN["iterations"]] = reading.iterations
        row[_COLUMN["learning_rate"]] = reading.learning_rate
        row[_COLUMN["loss_scale"]] = reading.loss_scale
        if bool(differs(reading.weights, last.weights).any()):
            row[_COLUMN["weight_changes"]] += 1
        if reading.batches is not None and reading.batches.any():
            row[_COLUMN["batch_frequent"]] = int(np.argmax(reading.batches))
        row[_COLUMN["evaluations"]] = moment.evaluations
        row[_COLUMN["predictions"]] = moment.predictions
        row[_COLUMN["record_reason"]] = RECORD_REASONS.index(moment.reason)
        finite = np.isfinite(reading.weights).all() and np.isfinite(reading.gamma_beta).all()
        row[_COLUMN["weights_finite"]] = float(finite)
        row[_COLUMN["copies_compared"]] = compared
        return row.copy()
