"""The data that `recalibrate` takes, and what it says of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tb_bnplugin
from tests.conftest import Flavour

X = np.random.default_rng(0).normal(3, 2, size=(70, 4)).astype("float32")
Y = np.arange(70) % 3


def model_of(keras: Any) -> Any:
    layers = [keras.Input((4,)), keras.layers.BatchNormalization(), keras.layers.Dense(3)]
    model = keras.Sequential(layers)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def sequence(keras: Any) -> Any:
    base: Any = getattr(keras.utils, "PyDataset", None) or keras.utils.Sequence

    class Data(base):
        def __len__(self) -> int:
            return 7

        def __getitem__(self, at: int) -> Any:
            return X[10 * at : 10 * at + 10], Y[10 * at : 10 * at + 10]

        def on_epoch_end(self) -> None:
            raise AssertionError("no epoch ended")

    return Data()


def dataset(tf: Any) -> Any:
    return tf.data.Dataset.from_tensor_slices((X, Y)).batch(32)


KINDS: dict[str, Callable[[Any, Any], Any]] = {
    "arrays": lambda tf, keras: (X, Y),
    "inputs alone": lambda tf, keras: X,
    "float64": lambda tf, keras: (X.astype("float64"), Y),
    "tensors": lambda tf, keras: (tf.constant(X), tf.constant(Y)),
    "weighted": lambda tf, keras: (X, Y, np.ones(70, "float32")),
    "dataset": lambda tf, keras: dataset(tf),
    "dataset of inputs": lambda tf, keras: dataset(tf).map(lambda x, y: x),
    "dataset with an empty batch": lambda tf, keras: dataset(tf).concatenate(
        dataset(tf).map(lambda x, y: (x[:0], y[:0]))
    ),
    "generator": lambda tf, keras: ((X[at : at + 7], Y[at : at + 7]) for at in range(0, 70, 7)),
    "sequence": lambda tf, keras: sequence(keras),
    "list of batches": lambda tf, keras: [(X[:40], Y[:40]), (X[40:], Y[40:])],
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_data(flavour: Flavour, tensorflow: Any, kind: str) -> None:
    model = model_of(flavour.keras)
    result = tb_bnplugin.recalibrate(model, KINDS[kind](tensorflow, flavour.keras))
    assert result.applied
    assert result.rows == 70
    mean = np.asarray(model.layers[-2].moving_mean)
    assert mean == pytest.approx(X.mean(0, dtype="float64"), rel=1e-5)
    assert np.isnan(result.before.loss) == ("inputs" in kind)
    assert result.gap_after < result.gap_before or "inputs" in kind


def test_dicts_and_several_inputs_and_outputs(flavour: Flavour, tensorflow: Any) -> None:
    keras = flavour.keras
    inputs = {name: keras.Input((4,), name=name) for name in "ab"}
    normalized = [keras.layers.BatchNormalization()(each) for each in inputs.values()]
    outputs = {
        name: keras.layers.Dense(1, name=name)(each)
        for name, each in zip("cd", normalized, strict=True)
    }
    model = keras.Model(inputs, outputs)
    model.compile("sgd", {"c": "mse", "d": "mae"})
    labels = {"c": X[:, :1], "d": X[:, 1:2]}
    data = tensorflow.data.Dataset.from_tensor_slices(({"a": X, "b": 2 * X}, labels)).batch(16)
    result = tb_bnplugin.recalibrate(model, data)
    assert (result.batches, len(result.layers)) == (5, 2)
    assert result.after.loss == pytest.approx(
        model.evaluate(data.take(1), verbose=0, return_dict=True)["loss"], rel=1.0
    )
    again = tb_bnplugin.recalibrate(model, ({"a": X, "b": 2 * X}, labels), dry_run=True)
    assert again.batches == 3


def test_steps_end_a_dataset_that_does_not(flavour: Flavour, tensorflow: Any) -> None:
    model, endless = model_of(flavour.keras), dataset(tensorflow).repeat()
    assert tb_bnplugin.recalibrate(model, endless, steps=5).batches == 5
    with pytest.raises(ValueError, match="repeats for ever: say how many batches, steps=200"):
        tb_bnplugin.recalibrate(model, endless)


def test_fewer_batches_than_steps_are_all(flavour: Flavour, tensorflow: Any) -> None:
    assert tb_bnplugin.recalibrate(model_of(flavour.keras), dataset(tensorflow), 50).batches == 3


@pytest.mark.parametrize(
    ("data", "options", "error", "says"),
    [
        (X, {"steps": 0}, ValueError, "steps must be at least 1; received 0"),
        (X, {"steps": 2.5}, TypeError, "steps must be a whole number"),
        (X, {"batch_size": 0}, ValueError, "batch_size must be at least 1"),
        (X, {"loss": 3}, TypeError, "loss"),
        (X[:0], {}, ValueError, "no batch"),
        ([], {}, ValueError, "no batch"),
        (None, {}, TypeError, "data must be"),
        ("train", {}, TypeError, "data must be"),
        ((X, Y[:3]), {}, ValueError, "equal rows"),
        ([(X, Y, Y, Y)], {}, ValueError, "x, (x, y) or"),
        (iter([(X, Y)]), {"exact": True}, ValueError, "gives them once"),
    ],
)
def test_wrong_arguments(
    flavour: Flavour, data: Any, options: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error) as raised:
        tb_bnplugin.recalibrate(model_of(flavour.keras), data, **options)
    assert says in str(raised.value)


def test_models_that_cannot_be_recalibrated(flavour: Flavour, tensorflow: Any) -> None:
    keras = flavour.keras
    with pytest.raises(TypeError, match="a Keras model is needed"):
        tb_bnplugin.recalibrate(lambda x: x, X)
    without = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    with pytest.raises(ValueError, match="has no batch normalization layer"):
        tb_bnplugin.recalibrate(without, X)
    unbuilt = keras.Sequential([keras.layers.BatchNormalization()])
    with pytest.raises(tb_bnplugin.NotBuiltError, match="not built yet"):
        tb_bnplugin.recalibrate(unbuilt, X)
    frozen = model_of(keras)
    frozen.trainable = False
    with pytest.raises(ValueError, match="frozen=True"):
        tb_bnplugin.recalibrate(frozen, X)
    traced = tensorflow.function(lambda: tb_bnplugin.recalibrate(model_of(keras), X))
    with pytest.raises(RuntimeError, match=r"outside of tf\.function"):
        traced()


def test_layer_within_a_function_of_the_models_own(flavour: Flavour, tensorflow: Any) -> None:
    """Its trace must not keep what stands in the place of the statistics."""
    keras: Any = flavour.keras

    class Model(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.norm = keras.layers.BatchNormalization()

        @tensorflow.function
        def features(self, inputs: Any) -> Any:
            return self.norm(inputs, training=False)

        def call(self, inputs: Any) -> Any:
            return self.features(inputs)

    model = Model()
    model.norm.build((None, 4))
    model.built = True
    with pytest.raises(RuntimeError, match="within a tf.function of the model's own"):
        tb_bnplugin.recalibrate(model, X)
    model.norm.moving_mean.assign(np.full(4, 7.0))
    assert np.asarray(model(X)) == pytest.approx((X - 7.0) / np.sqrt(1.001), rel=1e-4, abs=1e-4)


def test_progress_is_told_of_long_work(
    flavour: Flavour, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tb_bnplugin.keras.recalibration import progress

    model = model_of(flavour.keras)
    tb_bnplugin.recalibrate(model, (X, Y))
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(progress, "FIRST", 0.0)
    tb_bnplugin.recalibrate(model, (X, Y))
    assert "tb_bnplugin.recalibrate: 1 of 3 batches" in capsys.readouterr().err
    tb_bnplugin.recalibrate(model, (X, Y), verbose=False)
    assert capsys.readouterr().err == ""
