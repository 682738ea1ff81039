"""A preflight leaves everything as it was, bit for bit, also when a step raises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tb_bnplugin
from tb_bnplugin.training.recorder import recorder_of
from tests.conftest import Flavour
from tests.support import twin_pairs
from tests.support.probe_models import assert_same, state_of
from tests.support.twin_pairs import (
    DIVERGING,
    SAME,
    compiled,
    cross_entropy,
    load,
    loop,
    norm_net,
)
from tests.twins.test_state import numbers_so_far, optimizer_state

load()


def made(keras: Any) -> Any:
    """A compiled model with everything that a step changes: dropout, statistics, slots."""
    keras.utils.set_random_seed(4)
    model = compiled(keras, norm_net(keras, dropout=0.3, kernel_regularizer="l2"))
    model.compile(keras.optimizers.Adam(0.01), cross_entropy(keras), metrics=["accuracy"])
    return model


def trained_state(model: Any) -> list[Any]:
    return [*map(np.asarray, model.weights), *optimizer_state(model.optimizer)]


def assert_equal(one: list[Any], other: list[Any]) -> None:
    assert len(one) == len(other)
    for first, second in zip(one, other, strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("train_step", ["fit", "own"])
@pytest.mark.parametrize(
    "name",
    [
        "dropout_and_penalties",
        "adam_after_some_steps",
        "traced_before",
        "method_of_a_trainer",
        "micro_batches_summed",
    ],
)
def test_all_state_is_left_as_it_was(flavour: Flavour, name: str, train_step: str) -> None:
    make = SAME[name] if name in SAME else DIVERGING[name][0]
    pair = make(flavour.keras)
    step = None if train_step == "fit" else pair.step
    before, names = state_of(pair.model), sorted(vars(pair.model))
    slots, seeds = optimizer_state(pair.model.optimizer), numbers_so_far()
    tb_bnplugin.preflight(pair.model, pair.x, pair.y, step)
    assert_same(before, state_of(pair.model))
    assert_equal(slots, optimizer_state(pair.model.optimizer))
    assert sorted(vars(pair.model)) == names
    assert numbers_so_far() == seeds


@pytest.mark.parametrize("traced", [True, False])
def test_a_step_that_raises_leaves_all_as_it_was(flavour: Flavour, *, traced: bool) -> None:
    x, y = twin_pairs.batch()
    model = compiled(flavour.keras, norm_net(flavour.keras, dropout=0.3))
    optimizer = flavour.keras.optimizers.Adam(0.1)
    inner = loop(model, optimizer, cross_entropy(flavour.keras), traced=traced)
    before, slots, names = state_of(model), optimizer_state(optimizer), sorted(vars(model))
    calls: list[int] = []

    def train_step(x: Any, y: Any) -> Any:
        inner(x, y)
        calls.append(1)
        if len(calls) > 2:
            raise KeyError("no such label")

    with pytest.raises(KeyError, match="no such label"):
        tb_bnplugin.preflight(model, x, y, train_step)
    assert calls == []  # a list of the program, which is put back too
    assert_same(before, state_of(model))
    assert_equal(slots, optimizer_state(optimizer))
    assert sorted(vars(model)) == names
    assert "apply" not in vars(optimizer)
    assert all("call" not in vars(layer) for layer in model.layers)


def test_a_train_step_that_raises_in_fit(flavour: Flavour) -> None:
    keras = flavour.keras

    class Model(keras.Model):  # type: ignore[name-defined]
        def train_step(self, data: Any) -> Any:
            super().train_step(data)
            raise KeyError("no such label")

    inputs = keras.Input((twin_pairs.FEATURES,))
    outputs = keras.layers.Dense(10)(keras.layers.BatchNormalization()(inputs))
    model = compiled(keras, Model(inputs, outputs))
    before, names = state_of(model), sorted(vars(model))
    x, y = twin_pairs.batch()
    with pytest.raises(Exception, match="no such label"):
        tb_bnplugin.preflight(model, x, y)
    assert_same(before, state_of(model))
    assert sorted(vars(model)) == names


@pytest.mark.parametrize("before", [0, 1])
def test_fit_goes_on_bit_equal(flavour: Flavour, *, before: int) -> None:
    x, y = twin_pairs.batch()
    states = []
    for looks in (False, True):
        model = made(flavour.keras)
        for _ in range(before):
            model.fit(x, y, batch_size=8, verbose=0)
        if looks:
            assert tb_bnplugin.preflight(model, x, y).ok()
        model.fit(x[:24], y[:24], batch_size=8, verbose=0)  # three steps
        states.append(trained_state(model))
    assert_equal(*states)


@pytest.mark.parametrize("traced", [True, False])
@pytest.mark.parametrize("before", [0, 2])
def test_a_loop_goes_on_bit_equal(flavour: Flavour, *, before: int, traced: bool) -> None:
    x, y = twin_pairs.batch()
    states, counts = [], []
    for looks in (False, True):
        model = made(flavour.keras)
        optimizer = flavour.keras.optimizers.Adam(0.01)
        step = loop(model, optimizer, cross_entropy(flavour.keras), traced=traced)
        for _ in range(before):
            step(x, y)
        if looks:
            tb_bnplugin.preflight(model, x, y, step)
        for _ in range(3):
            step(x, y)
        states.append([*map(np.asarray, model.weights), *optimizer_state(optimizer)])
        counts.append(step.experimental_get_tracing_count() if traced else 0)
    assert_equal(*states)
    assert counts[0] == counts[1]


def test_who_watches_sees_nothing_of_it(flavour: Flavour) -> None:
    x, y = twin_pairs.batch()
    ledgers = []
    for looks in (False, True):
        model = made(flavour.keras)
        optimizer = flavour.keras.optimizers.Adam(0.01)
        step = loop(model, optimizer, cross_entropy(flavour.keras))
        watch = tb_bnplugin.watch(model, optimizer=optimizer)
        watching, methods = recorder_of(model), sorted(vars(model.layers[0]))
        step(x, y)
        if looks:
            tb_bnplugin.preflight(model, x, y, step)
            tb_bnplugin.preflight(model, x, y)
        assert recorder_of(model) is watching
        assert sorted(vars(model.layers[0])) == methods
        step(x, y)
        found = [(each.code, each.status, each.reason) for each in watch.outcomes()]
        ledgers.append((watch.ledger().replace(model.name, "model"), found))
        watch.close()
        assert "apply" not in vars(optimizer)
        assert "apply_gradients" not in vars(optimizer)
        assert all("call" not in vars(layer) for layer in model.layers)
    assert ledgers[0] == ledgers[1]


def test_a_callback_that_watches_sees_nothing_of_it(flavour: Flavour, tmp_path: Path) -> None:
    x, y = twin_pairs.batch()
    seen = []
    for looks in (False, True):
        model = made(flavour.keras)
        callback = tb_bnplugin.BatchNormCallback(tmp_path / str(looks), probe_data=(x, y))
        model.fit(x, y, batch_size=8, verbose=0, callbacks=[callback])
        if looks:
            tb_bnplugin.preflight(model, x, y)
        model.fit(x, y, batch_size=8, verbose=0, callbacks=[callback])
        told = [(each.code, each.status, each.message) for each in callback.outcomes()]
        seen.append((callback.ledger().replace(model.name, ""), told, trained_state(model)))
    assert seen[0][:2] == seen[1][:2]
    assert_equal(seen[0][2], seen[1][2])
