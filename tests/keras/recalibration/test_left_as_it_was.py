"""Nothing but the statistics is changed, and nothing at all where it would get worse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import tb_bnplugin
from tests.conftest import Flavour
from tests.support.probe_models import (
    CLASSES,
    FEATURES,
    MODELS,
    ROWS,
    assert_same,
    compiled_and_trained,
    state_of,
)

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(ROWS, FEATURES)).astype("float32")
Y = RANDOM.integers(0, CLASSES, ROWS)
NEW = (5 + 3 * X, Y)  # other data: their statistics differ


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("exact", [False, True])
def test_dry_run_changes_nothing(flavour: Flavour, make: Callable[[Any], Any], exact: bool) -> None:
    model = compiled_and_trained(flavour, make, (X, Y))
    before = state_of(model)
    result = tb_bnplugin.recalibrate(model, NEW, dry_run=True, frozen=True, exact=exact)
    assert not result.applied
    assert result.layers
    assert_same(before, state_of(model))


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_only_statistics_change(flavour: Flavour, make: Callable[[Any], Any]) -> None:
    model = compiled_and_trained(flavour, make, (X, Y))
    before = state_of(model)
    norms = [
        layer
        for layer in model._flatten_layers()
        if getattr(layer, "moving_mean", None) is not None
    ]
    names = ("moving_mean", "moving_variance", "moving_stddev", "renorm_mean", "renorm_stddev")
    variables = [getattr(norm, name) for norm in norms for name in names if hasattr(norm, name)]
    kept = [np.asarray(variable) for variable in variables]
    momenta = [norm.momentum for norm in norms]
    result = tb_bnplugin.recalibrate(model, NEW, frozen=True, only_if_better=False)
    assert result.applied
    assert [norm.momentum for norm in norms] == momenta
    changed = [
        not np.array_equal(old, np.asarray(new)) for old, new in zip(kept, variables, strict=True)
    ]
    assert all(changed)
    for variable, value in zip(variables, kept, strict=True):
        variable.assign(value)
    assert_same(before, state_of(model))


class Interrupted(Exception):
    """What the data raise."""


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_all_is_as_before_where_the_data_raise(
    flavour: Flavour, make: Callable[[Any], Any]
) -> None:
    model = compiled_and_trained(flavour, make, (X, Y))
    before = state_of(model)

    def batches() -> Iterator[Any]:
        yield NEW
        raise Interrupted

    with pytest.raises(Interrupted):
        tb_bnplugin.recalibrate(model, batches(), frozen=True)
    assert_same(before, state_of(model))


def test_training_goes_on_as_without(flavour: Flavour) -> None:
    """Seeds too: dropout draws the same masks, and the data are shuffled alike."""
    weights = []
    for recalibrates in (False, True):
        flavour.keras.utils.set_random_seed(3)
        model = compiled_and_trained(flavour, MODELS["with_dropout_and_losses"], (X, Y))
        if recalibrates:
            tb_bnplugin.recalibrate(model, NEW, only_if_better=False)
        model.fit(X, Y, batch_size=8, epochs=2, verbose=0)
        weights.append([np.asarray(weight) for weight in model.trainable_weights])
    assert all(map(np.array_equal, *weights))


def test_what_would_get_worse_is_refused(flavour: Flavour) -> None:
    """Labels of the old data: the loss is the one with their statistics."""
    keras = flavour.keras
    norm = keras.layers.BatchNormalization(epsilon=1e-6)
    model = keras.Sequential([keras.Input((FEATURES,)), norm])
    model.compile("sgd", "mse")
    norm.moving_mean.assign(np.full(FEATURES, 2.0))
    norm.moving_variance.assign(np.full(FEATURES, 0.25))
    before = state_of(model)
    labels = (X - 2.0) / 0.5
    result = tb_bnplugin.recalibrate(model, (X, labels))
    assert not result.applied
    assert not result.improved
    assert "the loss would go from" in str(result)
    assert_same(before, state_of(model))
    assert tb_bnplugin.recalibrate(model, (X, labels), only_if_better=False).applied


def test_values_that_are_not_finite_are_refused(flavour: Flavour) -> None:
    model = compiled_and_trained(flavour, MODELS["plain"], (X, Y))
    before = state_of(model)
    broken = X.copy()
    broken[3, 2] = np.nan
    result = tb_bnplugin.recalibrate(model, (broken, Y), only_if_better=False)
    assert not result.applied
    assert "not finite" in str(result)
    assert_same(before, state_of(model))


def test_a_watch_counts_nothing_of_it(flavour: Flavour) -> None:
    model = compiled_and_trained(flavour, MODELS["plain"], (X, Y))
    with tb_bnplugin.watch(model) as watch:
        before = watch.ledger()
        tb_bnplugin.recalibrate(model, NEW, dry_run=True)
        assert watch.ledger() == before
