"""A twin leaves everything as it was, bit for bit, also when a step raises."""

from __future__ import annotations

import random
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tb_bnplugin
from tb_bnplugin.twins import state
from tests.conftest import Flavour
from tests.support import twin_pairs
from tests.support.probe_models import assert_same, state_of
from tests.support.twin_pairs import (
    DIVERGING,
    SAME,
    Pair,
    compiled,
    cross_entropy,
    load,
    loop,
    norm_net,
)

load()


def optimizer_state(optimizer: Any) -> list[Any]:
    held = optimizer.variables
    return [np.asarray(v) for v in (held() if callable(held) else held)]


def numbers_so_far() -> tuple[Any, ...]:
    return random.getstate(), repr(np.random.get_state())  # noqa: NPY002


def assert_left(pair: Pair, optimizers: list[Any]) -> None:
    models = pair.model if isinstance(pair.model, tuple) else (pair.model,)
    optimizers = [*optimizers, *(model.optimizer for model in models)]
    before = [state_of(model) for model in models]
    slots = [optimizer_state(each) for each in optimizers]
    names = [sorted(vars(model)) for model in models]
    seeds = numbers_so_far()
    try:
        tb_bnplugin.twin(pair.model, pair.step, pair.x, pair.y, **pair.options)
    finally:
        for model, state in zip(models, before, strict=True):
            assert_same(state, state_of(model))
        for optimizer, held in zip(optimizers, slots, strict=True):
            now = optimizer_state(optimizer)
            assert len(now) == len(held)
            for one, other in zip(held, now, strict=True):
                np.testing.assert_array_equal(one, other)
        assert [sorted(vars(model)) for model in models] == names
        assert numbers_so_far() == seeds


@pytest.mark.parametrize(
    "name",
    [
        "dropout_and_penalties",
        "adam_after_some_steps",
        "traced_before",
        "method_of_a_trainer",
        "sequential_and_functional",
        "micro_batches_summed",
        "seed_002_logged_loss_of_zero",
    ],
)
def test_all_state_is_left_as_it_was(flavour: Flavour, name: str) -> None:
    make = SAME[name] if name in SAME else DIVERGING[name][0]
    assert_left(make(flavour.keras), [])


@pytest.mark.parametrize("traced", [True, False])
@pytest.mark.parametrize("built", [True, False])
def test_a_step_that_raises_leaves_all_as_it_was(
    flavour: Flavour, *, traced: bool, built: bool
) -> None:
    x, y = twin_pairs.batch()
    model = compiled(flavour.keras, norm_net(flavour.keras, dropout=0.3))
    optimizer = flavour.keras.optimizers.Adam(0.1)
    inner = loop(model, optimizer, cross_entropy(flavour.keras), traced=traced)
    if built:
        inner(x, y)
    weights = [id(weight) for weight in model.weights]

    def train_step(x: Any, y: Any) -> Any:
        inner(x, y)
        raise KeyError("no such label")

    with pytest.raises(KeyError, match="no such label"):
        assert_left(Pair(model=model, step=train_step, x=x, y=y), [optimizer])
    assert [id(weight) for weight in model.weights] == weights
    assert "call" not in vars(model)
    assert "apply" not in vars(optimizer)


def test_training_goes_on_bit_equal(flavour: Flavour) -> None:
    x, y = twin_pairs.batch()
    weights = []
    for looks in (False, True):
        flavour.keras.utils.set_random_seed(4)
        model = compiled(flavour.keras, norm_net(flavour.keras, dropout=0.3))
        step = loop(model, flavour.keras.optimizers.Adam(0.01), cross_entropy(flavour.keras))
        step(x, y)
        if looks:
            tb_bnplugin.twin(model, step, x, y)
        step(x, y)
        if looks:
            tb_bnplugin.twin(model, step, x, y)
        model.fit(x, y, epochs=2, batch_size=8, verbose=0)
        weights.append([np.asarray(weight) for weight in model.weights])
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_the_program_keeps_is_as_it_was(flavour: Flavour, tensorflow: ModuleType) -> None:
    x, y = twin_pairs.batch()
    model = compiled(flavour.keras, norm_net(flavour.keras))
    optimizer = flavour.keras.optimizers.SGD(0.1)
    inner = loop(model, optimizer, cross_entropy(flavour.keras), traced=False)
    history: list[float] = []
    counts = {"steps": 3}
    metric = flavour.keras.metrics.Mean()
    metric.update_state(5.0)
    counter = tensorflow.Variable(7)
    steps = 3

    def train_step(x: Any, y: Any) -> None:
        nonlocal steps
        steps += 1
        counts["steps"] += 1
        counter.assign_add(1)
        loss = inner(x, y)
        metric.update_state(loss)
        history.append(float(loss))

    tb_bnplugin.twin(model, train_step, x, y)
    assert (history, counts, steps) == ([], {"steps": 3}, 3)
    assert int(counter) == 7
    assert float(metric.result()) == 5.0


def test_functions_keep_what_was_traced_of_them(flavour: Flavour) -> None:
    pair = SAME["traced_loop"](flavour.keras)
    tb_bnplugin.twin(pair.model, pair.step, pair.x, pair.y)
    assert pair.step.experimental_get_tracing_count() == 0
    pair.step(pair.x, pair.y)
    count = pair.step.experimental_get_tracing_count()
    # batches of another type would be traced anew, and are forgotten
    tb_bnplugin.twin(pair.model, pair.step, pair.x.astype(np.float64), pair.y.astype(np.int32))
    assert pair.step.experimental_get_tracing_count() == count
    pair.step(pair.x, pair.y)
    assert pair.step.experimental_get_tracing_count() == count


def test_a_watch_counts_nothing_of_a_twin(flavour: Flavour) -> None:
    x, y = twin_pairs.batch()
    model = compiled(flavour.keras, norm_net(flavour.keras))
    step = loop(model, flavour.keras.optimizers.SGD(0.1), cross_entropy(flavour.keras))
    with tb_bnplugin.watch(model) as watch:
        step(x, y)
        tb_bnplugin.summary.batch_norm_pb(model, step=1)
        before = watch.ledger().splitlines()[1:]  # without the steps
        tb_bnplugin.twin(model, step, x, y)
        tb_bnplugin.summary.batch_norm_pb(model, step=2)
        assert watch.ledger().splitlines()[1:] == before
        step(x, y)
        tb_bnplugin.summary.batch_norm_pb(model, step=3)
        assert watch.ledger().splitlines()[1:] != before
    assert "call" not in vars(model.get_layer("norm"))


def test_numbers_that_saving_draws_are_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def imports() -> list[object]:
        random.random()  # as modules do that Keras imports
        np.random.rand()  # noqa: NPY002
        return []

    monkeypatch.setattr(state, "_generators", imports)
    before = numbers_so_far()
    saved = state.SavedState([])
    assert numbers_so_far() != before
    saved.restore()
    assert numbers_so_far() == before
