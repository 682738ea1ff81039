"""The columns of a layer against their definitions, computed here on the same batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_bnplugin.training.recorder import Recorder
from tests.conftest import Flavour
from tests.support.tiny import (
    Values,
    X,
    Y,
    compile_tiny,
    create_dense,
    layer_column,
    layers_record,
    model_value,
    recorded_facts,
)

MOMENTUM, EPSILON, CHANNELS = 0.9, 0.01, 8

RANDOM = np.random.default_rng(5)
BATCHES: Values = RANDOM.normal(
    RANDOM.normal(0, 3, CHANNELS), np.geomspace(0.02, 30, CHANNELS), (12, 16, CHANNELS)
).astype("float32")


class Recorded:
    """One layer, called with one batch after the other, and what is recorded of it."""

    def __init__(self, keras: Any, **bn: Any) -> None:
        how = {"momentum": MOMENTUM, "epsilon": EPSILON, "name": "bn"} | bn
        self.layer = keras.layers.BatchNormalization(**how)
        self.model = keras.Sequential([keras.Input((CHANNELS,)), self.layer])
        self.watch = Recorder(self.model)
        self.watch.reader()
        self.step = 0
        self.table: Values = np.zeros(0)

    def train(self, *batches: Values) -> Recorded:
        """Calls the layer in training mode with each, then makes one record."""
        for batch in batches:
            self.model(batch, training=True)
            self.step += 1
        return self.record()

    def record(self) -> Recorded:
        """Makes a record."""
        self.table = layers_record(self.watch.snapshot(self.step, "on_demand"))
        return self

    def value(self, column: str) -> float:
        """A column of the layer."""
        return float(layer_column(self.table, column)[0])


def moved(batches: Values, start_mean: float = 0.0, start_variance: float = 1.0) -> Any:
    """The moving mean and variance after these batches, in float64."""
    mean, variance = np.full(CHANNELS, start_mean), np.full(CHANNELS, start_variance)
    for batch in batches.astype(float):
        mean = MOMENTUM * mean + (1 - MOMENTUM) * batch.mean(axis=0)
        variance = MOMENTUM * variance + (1 - MOMENTUM) * batch.var(axis=0)
    return mean, variance


def test_moving_and_batch_statistics_of_one_update(flavour: Flavour) -> None:
    recorded = Recorded(flavour.keras)
    for count, batch in enumerate(BATCHES, 1):
        recorded.train(batch)
        mean, variance = moved(BATCHES[:count])
        assert recorded.value("moving_mean") == pytest.approx(mean.mean(), rel=1e-4)
        assert recorded.value("moving_variance") == pytest.approx(variance.mean(), rel=1e-4)
        assert recorded.value("variance_min") == pytest.approx(variance.min(), rel=1e-4)
        assert recorded.value("batch_mean") == pytest.approx(batch.mean(), rel=1e-3)
        assert recorded.value("batch_variance") == pytest.approx(batch.var(axis=0).mean(), rel=1e-3)


def test_several_updates_give_their_weighted_mean(flavour: Flavour) -> None:
    recorded = Recorded(flavour.keras).train(BATCHES[0]).train(*BATCHES[1:4])
    weights = MOMENTUM ** np.array([2, 1, 0])  # the newest weighs most
    means = BATCHES[1:4].mean(axis=(1, 2))
    assert recorded.value("batch_mean") == pytest.approx(np.average(means, weights=weights), 1e-3)


def test_gaps_are_medians_over_channels(flavour: Flavour) -> None:
    recorded = Recorded(flavour.keras).train(*BATCHES[:5]).train(BATCHES[5])
    mean, variance = moved(BATCHES[:6])
    batch_mean, batch_variance = BATCHES[5].mean(axis=0), BATCHES[5].var(axis=0)
    spread = np.sqrt(batch_variance + EPSILON)
    assert recorded.value("mean_gap") == pytest.approx(
        np.median(np.abs(mean - batch_mean) / spread), rel=1e-3
    )
    ratio = (variance + EPSILON) / (batch_variance + EPSILON)
    assert recorded.value("variance_gap") == pytest.approx(
        np.median(np.abs(np.log(ratio))), rel=1e-3
    )


def test_the_shift_is_that_of_the_moving_variance_without_its_start(flavour: Flavour) -> None:
    recorded = Recorded(flavour.keras).train(*BATCHES[:5]).train(BATCHES[5])
    left = MOMENTUM**6
    followed = (moved(BATCHES[:6])[1] - left) / (1 - left)
    ratio = (followed + EPSILON) / (BATCHES[5].var(axis=0) + EPSILON)
    assert recorded.value("variance_shift") == pytest.approx(np.median(np.log(ratio)), abs=2e-3)


def test_after_one_update_nothing_but_the_start_is_apart(flavour: Flavour) -> None:
    recorded = Recorded(flavour.keras).train(BATCHES[0])
    assert recorded.value("variance_gap") > 0.5
    assert recorded.value("variance_shift") == pytest.approx(0.0, abs=1e-3)


def still_matters(updates: int, mean: Values, variance: Values, start: Any) -> Values:
    """Whether each channel's start still matters after so many updates, by the definition.

    `mean` and `variance` are the estimates without the start.
    """
    share = MOMENTUM**updates
    with_start = variance + share * (start[1] - variance)
    factor = (with_start + EPSILON) / (variance + EPSILON)
    moves_variance = np.maximum(factor, 1 / factor) >= 2
    moves_mean = np.abs(share * (start[0] - mean)) >= 0.5 * np.sqrt(variance + EPSILON)
    return np.asarray(moves_variance | moves_mean)


@pytest.mark.parametrize("updates", [1, 2, 5, 12])
def test_start_updates_by_its_definition(flavour: Flavour, updates: int) -> None:
    recorded = Recorded(flavour.keras).train(*BATCHES[:updates])
    moving_mean, moving_variance = moved(BATCHES[:updates])
    share = MOMENTUM**updates
    mean = moving_mean / (1 - share)
    variance = (moving_variance - share) / (1 - share)
    # The first count at which it matters in at most a quarter of the channels.
    expected = next(
        count
        for count in range(1000)
        if still_matters(count, mean, variance, (0.0, 1.0)).mean() <= 0.25
    )
    assert np.ceil(recorded.value("start_updates")) == expected


def test_nothing_is_known_before_the_first_update(flavour: Flavour) -> None:
    recorded = Recorded(flavour.keras).record()
    for column in ("batch_mean", "mean_gap", "variance_gap", "start_updates"):
        assert np.isnan(recorded.value(column))
    assert recorded.value("moving_variance") == 1.0
    assert recorded.value("statistics_changes") == 0.0
    assert np.isnan(recorded.value("statistics_first_step"))


@pytest.mark.parametrize("momentum", [0.0, 1.0])
def test_momentum_at_the_ends(flavour: Flavour, momentum: float) -> None:
    recorded = Recorded(flavour.keras, momentum=momentum).train(BATCHES[0]).train(BATCHES[1])
    if momentum == 0.0:
        assert recorded.value("batch_mean") == pytest.approx(BATCHES[1].mean(), rel=1e-4)
        assert recorded.value("mean_gap") == pytest.approx(0.0, abs=1e-6)
    else:
        assert np.isnan(recorded.value("batch_mean"))
        assert recorded.value("statistics_changes") == 0
    assert recorded.value("training_no_tape") == 2


def test_changes_and_their_steps(flavour: Flavour) -> None:
    recorded = Recorded(flavour.keras).record()
    recorded.train(BATCHES[0]).train(BATCHES[1])
    recorded.step = 9
    recorded.model(BATCHES[2], training=False)
    recorded.record()
    assert recorded.value("statistics_changes") == 2
    assert recorded.value("statistics_first_step") == 1
    assert recorded.value("statistics_last_step") == 2
    assert recorded.value("training_first_step") == 1
    assert recorded.value("training_last_step") == 2
    assert recorded.value("inference_first_step") == 9
    assert recorded.value("inference_last_step") == 9
    assert recorded.value("external_changes") == 0
    assert recorded.value("gamma_beta_changes") == 0


def test_another_hand_is_told_from_training(flavour: Flavour) -> None:
    recorded = Recorded(flavour.keras).train(BATCHES[0])
    recorded.layer.moving_mean.assign(np.full(CHANNELS, 5.0))
    recorded.step = 2
    recorded.record()
    assert recorded.value("external_changes") == 1
    assert recorded.value("statistics_changes") == 2
    recorded.train(BATCHES[1])
    assert recorded.value("external_changes") == 1
    (facts,) = recorded_facts(recorded.watch).layers
    # from here on the start is what was loaded, after one update
    assert (facts.start, facts.start_updates_before) == ("loaded", 1.0)
    assert np.isnan(recorded.value("start_updates"))


def test_loading_before_watching_is_a_loaded_start(flavour: Flavour) -> None:
    keras = flavour.keras
    layer = keras.layers.BatchNormalization(name="bn")
    model = keras.Sequential([keras.Input((CHANNELS,)), layer])
    layer.moving_variance.assign(np.full(CHANNELS, 2.0))
    (facts,) = recorded_facts(Recorder(model)).layers
    assert facts.start == "loaded"


def test_initializers_of_ones_own_are_initializers(flavour: Flavour) -> None:
    keras = flavour.keras
    recorded = Recorded(
        keras,
        moving_mean_initializer=keras.initializers.Constant(2.0),
        moving_variance_initializer=keras.initializers.Constant(4.0),
    )
    (facts,) = recorded_facts(recorded.watch).layers
    assert facts.start == "initializer"


def test_the_first_value_that_is_not_finite(flavour: Flavour) -> None:
    recorded = Recorded(flavour.keras).train(BATCHES[0])
    assert np.isnan(recorded.value("invalid_first_step"))
    broken = BATCHES[1].copy()
    broken[0, 3] = np.nan
    recorded.train(broken).train(BATCHES[2])
    assert recorded.value("invalid_first_step") == 2
    assert np.isnan(recorded.value("variance_min"))


def test_a_negative_variance_is_not_valid(flavour: Flavour) -> None:
    recorded = Recorded(flavour.keras).train(BATCHES[0])
    recorded.layer.moving_variance.assign(np.full(CHANNELS, -1.0))
    recorded.step = 4
    assert recorded.record().value("invalid_first_step") == 4


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_statistics_of_other_types(flavour: Flavour, dtype: str) -> None:
    recorded = Recorded(flavour.keras, dtype=dtype).train(BATCHES[0] / 10).train(BATCHES[1] / 10)
    (facts,) = recorded_facts(recorded.watch).layers
    held = np.asarray(recorded.layer.moving_mean).astype(float)
    assert recorded.value("moving_mean") == pytest.approx(held.mean(), rel=1e-6)
    # tf_keras keeps statistics of half precision in float32
    half_in_full = flavour.name == "tf_keras" and dtype != "float64"
    assert facts.dtype == ("float32" if half_in_full else dtype)
    assert recorded.value("statistics_changes") == 2
    if dtype == "float64":
        assert recorded.value("batch_mean") == pytest.approx(
            BATCHES[1].astype(float).mean() / 10, rel=1e-6
        )


def test_layers_of_several_types_in_one_model(flavour: Flavour) -> None:
    keras = flavour.keras
    blocks = [
        keras.layers.BatchNormalization(name=dtype, dtype=dtype, momentum=MOMENTUM)
        for dtype in ("float32", "float64")
    ]
    watch = Recorder(model := keras.Sequential([keras.Input((CHANNELS,)), *blocks]))
    model(BATCHES[0], training=True)
    table = layers_record(watch.snapshot(1, "on_demand"))
    expected = [float(np.asarray(block.moving_mean).astype(float).mean()) for block in blocks]
    np.testing.assert_allclose(layer_column(table, "moving_mean"), expected, rtol=1e-6)


def test_layers_without_scale_or_center(flavour: Flavour) -> None:
    recorded = Recorded(flavour.keras, scale=False, center=False).train(BATCHES[0])
    assert recorded.value("gamma_beta_changes") == 0
    (facts,) = recorded_facts(recorded.watch).layers
    assert not facts.gamma_beta.gamma
    assert not facts.gamma_beta.beta


def test_model_wide_columns(flavour: Flavour) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    watch = Recorder(model)
    model.train_on_batch(X, Y)
    watch.reader()
    watch.snapshot(1, "on_demand")
    for rows in (16, 16, 8):
        model.train_on_batch(X[:rows], Y[:rows])
    watch.snapshot(4, "on_demand")
    model.train_on_batch(X[:9], Y[:9])
    model.predict_on_batch(X[:3])  # no training, no tape
    table = layers_record(watch.snapshot(5, "on_demand"))
    assert model_value(table, "batch_frequent") == 16
    assert model_value(table, "iterations") == 5
    assert model_value(table, "learning_rate") == pytest.approx(0.01)
    assert model_value(table, "record") == 3
    assert model_value(table, "weights_finite") == 1
    assert model_value(table, "weight_changes") == 2
    assert layer_column(table, "gamma_beta_changes").tolist() == [2]


def test_weights_that_are_not_finite_are_told(flavour: Flavour) -> None:
    model = create_dense(flavour.keras)
    watch = Recorder(model)
    kernel = model.get_layer("last").kernel
    kernel.assign(np.full(kernel.shape, np.inf))
    table = layers_record(watch.snapshot(1, "on_demand"))
    assert model_value(table, "weights_finite") == 0
