"""Tiny models of either Keras, and what was counted and recorded of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tb_bnplugin.schema.columns import EXECUTION_COLUMNS, LAYER_COLUMNS, MODEL_COLUMNS
from tb_bnplugin.schema.facts import Call, ModelFacts
from tb_bnplugin.schema.records import Record
from tb_bnplugin.training.recorder import Recorder, watch_model

Values = npt.NDArray[Any]

ROWS = 40  # ten batches of four
BATCH = 4

RANDOM = np.random.default_rng(0)
X: Values = RANDOM.normal(3.0, 2.0, (ROWS, 3)).astype("float32")
Y: Values = RANDOM.normal(0.0, 1.0, (ROWS, 1)).astype("float32")


def create_dense(keras: Any, name: str = "tiny", **bn: Any) -> Any:
    """Sequential: dense, batch normalization "bn", dense."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(4, name="first"),
            layers.BatchNormalization(name="bn", **bn),
            layers.Dense(1, name="last"),
        ],
        name=name,
    )


def compile_tiny(model: Any, **how: Any) -> Any:
    """The model, compiled with plain gradient descent and the mean squared error."""
    model.compile(optimizer="sgd", loss="mse", **how)
    return model


def fit(model: Any, **how: Any) -> Any:
    """One epoch of ten batches, unless told otherwise."""
    how = {"batch_size": BATCH, "shuffle": False, "verbose": 0} | how
    return model.fit(X, Y, **how)


def executions(model: Any) -> dict[str, dict[str, int]]:
    """What was counted of each layer of a watched model: {path: {"training_tape": 10}}."""
    watch = watch_model(model)
    table = layers_record(watch.snapshot(watch.last_step + 1, "on_demand"))
    return {
        facts.path: {
            name: int(row[LAYER_COLUMNS.index(name)])
            for name in EXECUTION_COLUMNS
            if row[LAYER_COLUMNS.index(name)]
        }
        for facts, row in zip(recorded_facts(watch).layers, table[1:], strict=True)
    }


def recorded_facts(recorder: Recorder) -> ModelFacts:
    """The static facts as they would be written now."""
    recorder.snapshot(recorder.last_step, "on_demand")
    facts = recorder._records.facts
    assert facts is not None
    return facts


def calls(model: Any) -> list[Call]:
    """The mode ledger of a watched model."""
    recorder = watch_model(model)
    recorder.snapshot(recorder.last_step + 1, "on_demand")
    return list(recorder.watched.calls(recorder.name, recorder.last_step))


def layers_record(records: Sequence[Record]) -> Values:
    """The table among records just made, float64 [1 + layers, columns]."""
    (table,) = (record.value for record in records if record.metadata.kind == "layers")
    assert isinstance(table, np.ndarray)
    return table


def layer_column(table: Values, name: str) -> Values:
    """One column of the layers, float64 [layers]."""
    return table[1:, LAYER_COLUMNS.index(name)]


def model_value(table: Values, name: str) -> float:
    """One model-wide value of the table."""
    return float(table[0, MODEL_COLUMNS.index(name)])
