"""The new statistics, against numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tb_bnplugin
from tests.conftest import Flavour

EPSILON = 1e-3
RANDOM = np.random.default_rng(0)
X = (RANDOM.normal(size=(300, 5)) * 3 + 20).astype("float32")
Y = RANDOM.integers(0, 3, 300)
BATCHES = [slice(at, at + 32) for at in range(0, 300, 32)]  # the last has 12 rows


def normalized(h: Any, mean: Any, variance: Any) -> Any:
    return (h - mean) / np.sqrt(variance + EPSILON)


def statistics(layer: Any) -> tuple[Any, Any]:
    """Moving mean and variance."""
    return np.asarray(layer.moving_mean), np.asarray(layer.moving_variance)


def assert_are_of(layer: Any, values: Any, tolerance: float = 1e-5) -> None:
    values = np.asarray(values, np.float64).reshape(-1, np.shape(values)[-1])
    scale = values.std(0).max()
    mean, variance = statistics(layer)
    assert mean.reshape(-1) == pytest.approx(values.mean(0), rel=tolerance, abs=tolerance * scale)
    assert variance.reshape(-1) == pytest.approx(values.var(0), rel=tolerance)


def two_layers(keras: Any) -> Any:
    layers = keras.layers
    model = keras.Sequential(
        [
            *(keras.Input((5,)), layers.Dense(7), layers.BatchNormalization(), layers.ReLU()),
            *(layers.Dense(4), layers.BatchNormalization(), layers.Dense(3)),
        ]
    )
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def dense(layer: Any, h: Any) -> Any:
    return h @ np.asarray(layer.kernel, np.float64) + np.asarray(layer.bias, np.float64)


def test_one_pass_normalizes_with_each_batch(flavour: Flavour) -> None:
    model = two_layers(flavour.keras)
    first, second = model.layers[1], model.layers[4]
    entered = dense(model.layers[0], X.astype("float64"))
    parts = [entered[at] for at in BATCHES]
    hidden = np.concatenate([normalized(h, h.mean(0), h.var(0)) for h in parts])
    result = tb_bnplugin.recalibrate(model, (X, Y))
    assert result.applied
    assert (result.batches, result.rows, result.passes) == (10, 300, 1)
    assert_are_of(first, entered)
    assert_are_of(second, dense(model.layers[3], np.maximum(hidden, 0)))


def test_exact_normalizes_with_the_new_statistics(flavour: Flavour) -> None:
    model = two_layers(flavour.keras)
    first, second = model.layers[1], model.layers[4]
    entered = dense(model.layers[0], X.astype("float64"))
    hidden = normalized(entered, entered.mean(0), entered.var(0))
    result = tb_bnplugin.recalibrate(model, (X, Y), exact=True)
    assert result.applied
    assert result.passes == 2
    assert_are_of(first, entered)
    assert_are_of(second, dense(model.layers[3], np.maximum(hidden, 0)))


def test_the_score_is_the_loss_in_inference_mode(flavour: Flavour) -> None:
    model = two_layers(flavour.keras)
    data = [(X[:64], Y[:64])]
    before = model.evaluate(X[:64], Y[:64], batch_size=64, verbose=0)
    result = tb_bnplugin.recalibrate(model, data)
    after = model.evaluate(X[:64], Y[:64], batch_size=64, verbose=0)
    assert result.before.loss == pytest.approx(before, rel=1e-4)
    assert result.after.loss == pytest.approx(after, rel=1e-4)
    # one batch: its statistics are those of all
    assert result.batch.loss == pytest.approx(after, rel=1e-4)
    assert abs(result.gap_after) < 1e-4 < result.gap_before


def test_layers_beside_each_other_take_one_pass(flavour: Flavour) -> None:
    """Levels: two branches, and a layer behind their sum."""
    keras = flavour.keras
    inputs = keras.Input((5,))
    branches = [
        keras.layers.BatchNormalization(name=name)(keras.layers.Dense(6)(inputs)) for name in "ab"
    ]
    joined = keras.layers.BatchNormalization(name="c")(keras.layers.Add()(branches))
    model = keras.Model(inputs, keras.layers.Dense(3)(joined))
    result = tb_bnplugin.recalibrate(model, X, exact=True)
    assert result.passes == 2
    below = keras.Model(inputs, model.get_layer("c").input)
    assert_are_of(model.get_layer("c"), below.predict(X, verbose=0), tolerance=1e-4)


def test_shared_layer_has_the_values_of_all_calls(flavour: Flavour) -> None:
    keras = flavour.keras
    norm = keras.layers.BatchNormalization()
    inputs = [keras.Input((5,)), keras.Input((5,))]
    model = keras.Model(inputs, keras.layers.Add()([norm(each) for each in inputs]))
    other = 3 * X - 7
    result = tb_bnplugin.recalibrate(model, [([X, other],)], only_if_better=False)
    assert result.layers[0].values == 600
    assert_are_of(norm, np.concatenate([X, other]))


def test_layer_that_is_called_on_its_own_output(flavour: Flavour) -> None:
    keras = flavour.keras
    norm = keras.layers.BatchNormalization()
    inputs = keras.Input((5,))
    model = keras.Model(inputs, keras.layers.Dense(1)(norm(keras.layers.ReLU()(norm(inputs)))))
    result = tb_bnplugin.recalibrate(model, X, exact=True, only_if_better=False, batch_size=300)
    assert (result.passes, result.layers[0].values) == (1, 600)
    hidden = np.maximum(normalized(X.astype("float64"), X.mean(0), X.var(0)), 0)
    assert_are_of(norm, np.concatenate([X, hidden]))


def test_time_distributed_has_the_values_of_all_steps(flavour: Flavour) -> None:
    keras = flavour.keras
    norm = keras.layers.BatchNormalization()
    model = keras.Sequential([keras.Input((4, 5)), keras.layers.TimeDistributed(norm)])
    steps = X.reshape(75, 4, 5)
    tb_bnplugin.recalibrate(model, steps)
    assert_are_of(norm, X)


def test_masked_values_do_not_count(flavour: Flavour) -> None:
    keras = flavour.keras
    norm = keras.layers.BatchNormalization()
    model = keras.Sequential([keras.Input((4, 5)), keras.layers.Masking(-9.0), norm])
    steps = X.reshape(75, 4, 5).copy()
    padded = RANDOM.random((75, 4)) < 0.3
    steps[padded] = -9.0
    result = tb_bnplugin.recalibrate(model, steps)
    assert result.layers[0].values == (~padded).sum()
    assert_are_of(norm, steps[~padded])


@pytest.mark.parametrize("axis", [1, -1, 2])
def test_axis(flavour: Flavour, axis: int) -> None:
    keras = flavour.keras
    norm = keras.layers.BatchNormalization(axis=axis)
    model = keras.Sequential([keras.Input((4, 6, 5)), norm])
    images = (RANDOM.normal(size=(40, 4, 6, 5)) + np.arange(5)).astype("float32")
    tb_bnplugin.recalibrate(model, images)
    assert_are_of(norm, np.moveaxis(images, axis, -1))


def test_several_axes_of_tf_keras(flavour: Flavour) -> None:
    if flavour.name == "keras3":
        with pytest.raises(TypeError):
            flavour.keras.Sequential(
                [flavour.keras.Input((4, 5)), flavour.keras.layers.BatchNormalization(axis=[1, 2])]
            )
        return
    keras = flavour.keras
    norm = keras.layers.BatchNormalization(axis=[1, 2])
    model = keras.Sequential([keras.Input((4, 5)), norm])
    steps = X.reshape(75, 4, 5)
    tb_bnplugin.recalibrate(model, steps)
    assert_are_of(norm, steps.reshape(75, 20))


def test_virtual_batches_are_pooled(flavour: Flavour) -> None:
    if flavour.name == "keras3":
        with pytest.raises((TypeError, ValueError)):
            flavour.keras.layers.BatchNormalization(virtual_batch_size=4)
        return
    keras = flavour.keras
    norm = keras.layers.BatchNormalization(virtual_batch_size=4)
    model = keras.Sequential([keras.Input((5,)), norm])
    tb_bnplugin.recalibrate(model, X)
    assert_are_of(norm, X)


def test_renormalization_corrects_towards_the_new_statistics(flavour: Flavour) -> None:
    keras = flavour.keras
    norm = keras.layers.BatchNormalization(renorm=True)
    model = keras.Sequential([keras.Input((5,)), norm])
    tb_bnplugin.recalibrate(model, X)
    assert_are_of(norm, X)
    deviation = np.sqrt(X.astype("float64").var(0) + EPSILON)
    assert np.asarray(norm.renorm_mean) == pytest.approx(X.mean(0, dtype="float64"), rel=1e-5)
    assert np.asarray(norm.renorm_stddev) == pytest.approx(deviation, rel=1e-5)


def test_synchronized_layer(flavour: Flavour) -> None:
    keras = flavour.keras
    norm = keras.layers.BatchNormalization(synchronized=True)
    model = keras.Sequential([keras.Input((5,)), norm])
    tb_bnplugin.recalibrate(model, X)
    assert_are_of(norm, X)


def test_half_precision_is_summed_in_float32(flavour: Flavour) -> None:
    """In float16 alone the sum over 300 x 64 values of 20 would be infinite."""
    keras = flavour.keras
    policy = "mixed_float16"
    norm = keras.layers.BatchNormalization(dtype=policy)
    model = keras.Sequential([keras.Input((8, 8, 5), dtype="float16"), norm])
    images = (RANDOM.normal(size=(300, 8, 8, 5)) + 20).astype("float16")
    tb_bnplugin.recalibrate(model, images)
    assert_are_of(norm, images.astype("float64"))


def test_statistics_that_a_dtype_cannot_hold_are_not_written(flavour: Flavour) -> None:
    keras = flavour.keras
    norm = keras.layers.BatchNormalization(dtype="float16")
    model = keras.Sequential([keras.Input((5,)), norm])
    before = statistics(norm)
    result = tb_bnplugin.recalibrate(model, 1000 * X, only_if_better=False)
    if flavour.name == "tf_keras":  # keeps statistics in float32
        assert result.applied
        return
    assert not result.applied
    assert "beyond float16" in str(result)
    assert all(map(np.array_equal, before, statistics(norm)))


def test_dropout_is_off(flavour: Flavour) -> None:
    keras = flavour.keras
    norm = keras.layers.BatchNormalization()
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dropout(0.5), norm])
    tb_bnplugin.recalibrate(model, X)
    assert_are_of(norm, X)


def test_frozen_layers_are_left_unless_asked_for(flavour: Flavour) -> None:
    model = two_layers(flavour.keras)
    first, second = model.layers[1], model.layers[4]
    first.trainable = False
    before = statistics(first)
    result = tb_bnplugin.recalibrate(model, (X, Y))
    assert list(result.left) == [first.name]
    assert "frozen=True" in result.left[first.name]
    assert all(map(np.array_equal, before, statistics(first)))
    # what enters the other one comes from the frozen one as it is at inference
    hidden = normalized(dense(model.layers[0], X.astype("float64")), *before)
    assert_are_of(second, dense(model.layers[3], np.maximum(hidden, 0)))
    tb_bnplugin.recalibrate(model, (X, Y), frozen=True, only_if_better=False)
    assert_are_of(first, dense(model.layers[0], X.astype("float64")))
    assert not first.trainable


def test_foreign_layers_are_left(flavour: Flavour) -> None:
    keras: Any = flavour.keras

    class Own(keras.layers.BatchNormalization):
        def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
            return super().call(2 * inputs, training=training)

    model = keras.Sequential(
        [keras.Input((5,)), Own(name="own"), keras.layers.BatchNormalization()]
    )
    before = statistics(model.layers[0])
    result = tb_bnplugin.recalibrate(model, X)
    assert "`call`" in result.left["own"]
    assert all(map(np.array_equal, before, statistics(model.layers[0])))
    assert_are_of(model.layers[1], normalized(2 * X.astype("float64"), *before))


def test_model_that_cannot_be_traced_runs_eagerly(flavour: Flavour) -> None:
    keras: Any = flavour.keras

    class Model(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.norm = keras.layers.BatchNormalization()

        def call(self, inputs: Any, training: Any = None) -> Any:
            inputs = 2 * inputs if float(np.asarray(inputs).mean()) > 0 else inputs
            return self.norm(inputs, training=training)

    model = Model()
    model(X[:2])
    tb_bnplugin.recalibrate(model, X)
    assert_are_of(model.norm, 2 * X)


def test_all_replicas_get_the_same(flavour: Flavour, strategy: Any) -> None:
    with strategy.scope():
        model = two_layers(flavour.keras)
    first = model.layers[1]
    parts = (first.moving_mean.value if flavour.name == "keras3" else first.moving_mean).values
    result = tb_bnplugin.recalibrate(model, (X, Y))
    assert result.applied
    entered = dense(model.layers[0], X.astype("float64"))
    assert_are_of(first, entered)
    assert len(parts) == 2
    for part in parts:
        assert part.numpy() == pytest.approx(entered.mean(0), rel=1e-5)


def test_distributed_data_are_taken_replica_by_replica(
    flavour: Flavour, strategy: Any, tensorflow: Any
) -> None:
    with strategy.scope():
        model = two_layers(flavour.keras)
    dataset = tensorflow.data.Dataset.from_tensor_slices((X, Y)).batch(50)
    result = tb_bnplugin.recalibrate(model, strategy.experimental_distribute_dataset(dataset))
    assert (result.rows, result.batches) == (300, 12)
    assert_are_of(model.layers[1], dense(model.layers[0], X.astype("float64")))


def test_within_the_scope_of_a_strategy(flavour: Flavour, strategy: Any) -> None:
    with strategy.scope():
        model = two_layers(flavour.keras)
        tb_bnplugin.recalibrate(model, (X, Y))
    assert_are_of(model.layers[1], dense(model.layers[0], X.astype("float64")))
