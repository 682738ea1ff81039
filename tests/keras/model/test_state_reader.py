"""One trace reads the state in every fit, as long as it reads of the same variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tb_bnplugin.keras.model.state_reader import StateReader
from tests.conftest import Flavour
from tests.support.tiny import X, Y, compile_tiny, create_dense


def trained(flavour: Flavour) -> Any:
    """A model whose optimizer has all its variables."""
    model = compile_tiny(create_dense(flavour.keras))
    model.train_on_batch(X[:20], Y[:20])
    return model


def reader_of(model: Any, earlier: StateReader | None = None) -> StateReader:
    layers = [layer for layer in model.layers if hasattr(layer, "moving_mean")]
    return StateReader(model, layers, [], [model.optimizer], None, earlier)


def test_the_trace_of_the_fit_before_is_taken(flavour: Flavour) -> None:
    model = trained(flavour)
    first = reader_of(model)
    model.train_on_batch(X[:20], Y[:20])
    second = reader_of(model, first)
    assert second._read is first._read
    assert second.read().iterations == 2


def set_a_schedule(keras: Any, model: Any) -> None:
    decay = keras.optimizers.schedules.ExponentialDecay(0.5, 1000, 0.9)
    model.optimizer.learning_rate = decay
    model.train_function = None  # traced anew, which is when tf_keras has a present rate
    model.train_on_batch(X[:20], Y[:20])


def compile_anew(keras: Any, model: Any) -> None:
    model.compile(keras.optimizers.SGD(0.5), "mse")
    model.train_on_batch(X[:20], Y[:20])


def freeze_the_rest(_: Any, model: Any) -> None:
    model.optimizer.learning_rate = 0.5
    for layer in model.layers:
        if not hasattr(layer, "moving_mean"):
            layer.trainable = False


@pytest.mark.parametrize("change", [set_a_schedule, compile_anew, freeze_the_rest])
def test_what_was_replaced_is_read_anew(
    flavour: Flavour, change: Callable[[Any, Any], None]
) -> None:
    model = trained(flavour)
    first = reader_of(model)
    change(flavour.keras, model)
    second = reader_of(model, first)
    assert second._read is not first._read
    assert second.read().learning_rate == pytest.approx(0.5, rel=1e-3)
