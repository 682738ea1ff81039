"""How often regularizers are in what is differentiated, by theory; the training stays as it was."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.gradient.regularizers import WatchedRegularizers
from tb_bnplugin.schema.columns import GRADIENT_COLUMNS
from tests.conftest import Flavour

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(24, 3)).astype("float32")
Y = RANDOM.normal(size=(24, 2)).astype("float32")

Penalty = Callable[[Any], Any]


def added(model: Any) -> Any:
    return tf.add_n(model.losses)


PENALTIES: dict[str, tuple[Penalty, tuple[float, float, float] | None]] = {
    "once": (added, (2.0, 1.0, 1.0)),
    "twice": (lambda model: added(model) + added(model), (2.0, 2.0, 2.0)),
    "halved": (lambda model: 0.5 * added(model), (2.0, 0.5, 0.5)),
    "one again": (
        lambda model: added(model) + model.layers[-1].kernel_regularizer(model.layers[-1].kernel),
        (2.0, 1.0, 2.0),
    ),
    "one alone": (
        lambda model: model.layers[-1].kernel_regularizer(model.layers[-1].kernel),
        (1.0, 1.0, 1.0),
    ),
    "left out": (lambda model: 0.0, None),
    "of a cast weight": (
        lambda model: (
            added(model) + model.layers[-1].kernel_regularizer(model.layers[-1].kernel * 1.0)
        ),
        None,
    ),
}


def create(keras: Any, penalty: Penalty | None, **how: Any) -> Any:
    added_to = penalty or added

    class Own(keras.Model):
        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(y - self(x, training=True))) + added_to(self)
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
            return {"loss": loss}

    keras.utils.set_random_seed(1)
    layers, one = keras.layers, keras.regularizers.L2(0.1)
    inputs = keras.Input((3,))
    hidden = layers.BatchNormalization()(layers.Dense(4, kernel_regularizer=one)(inputs))
    kind = keras.Model if penalty is None else Own
    other = keras.regularizers.L1(0.01)
    model = kind(inputs, layers.Dense(2, kernel_regularizer=other)(hidden))
    model.compile("sgd", "mse", **how)
    return model


def trained(model: Any) -> list[Any]:
    model.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    return [np.asarray(weight) for weight in model.get_weights()]


def watched(model: Any) -> WatchedRegularizers:
    watch = WatchedRegularizers(model, tf.distribute.get_strategy(), Guard("own"))
    watch.begin()
    return watch


def read(watch: WatchedRegularizers) -> tuple[float, float, float] | None:
    found = watch.take()
    if found is None:
        return None
    values = dict(zip(GRADIENT_COLUMNS, found.tolist(), strict=True))
    assert values["regularizers"] == 2.0
    names = ("regularizers_reached", "regularizer_times_least", "regularizer_times_most")
    return tuple(values[name] for name in names)


@pytest.mark.parametrize(
    ("name", "how"),
    [*((name, {"jit_compile": False}) for name in PENALTIES), ("twice", {"jit_compile": True})],
)
def test_the_times_are_those_of_the_program(
    flavour: Flavour, name: str, how: dict[str, Any]
) -> None:
    penalty, expected = PENALTIES[name]
    model = create(flavour.keras, penalty, **how)
    watch = watched(model)
    weights = trained(model)
    found = read(watch)
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-6))
    assert read(watch) is None
    watch.end()
    for ours, bare in zip(weights, trained(create(flavour.keras, penalty, **how)), strict=True):
        np.testing.assert_array_equal(ours, bare)


@pytest.mark.parametrize("penalty", [lambda _: 0.0, lambda model: tf.stop_gradient(added(model))])
def test_of_trained_weights_it_is_known_that_none_came_back(
    flavour: Flavour, penalty: Penalty
) -> None:
    model = create(flavour.keras, penalty)
    watch = watched(model)
    trained(model)
    kernels = [layer.kernel for layer in model.layers if hasattr(layer, "kernel")]
    found = watch.take([*kernels[1:], model.layers[-1].bias])
    assert found is not None
    values = dict(zip(GRADIENT_COLUMNS, found.tolist(), strict=True))
    assert (values["regularizers"], values["regularizers_reached"]) == (1.0, 0.0)
    assert values["regularizer_times_most"] == 0.0
    assert watch.take([model.layers[-1].bias]) is None  # a weight without one
    watch.end()


def test_nothing_is_known_where_a_regularizer_gives_what_cannot_be_measured(
    flavour: Flavour,
) -> None:
    class Vector(flavour.keras.regularizers.Regularizer):  # type: ignore[misc, name-defined, unused-ignore]
        def __call__(self, weight: Any) -> Any:
            return tf.reduce_sum(tf.square(weight), axis=0)

    dense = flavour.keras.layers.Dense(2, kernel_regularizer=Vector())
    model = flavour.keras.Sequential([flavour.keras.Input((3,)), dense])
    watch = watched(model)
    assert watch.take([dense.kernel]) is not None
    with tf.GradientTape():
        tf.reduce_sum(dense.kernel_regularizer(dense.kernel))
    assert watch.take([dense.kernel]) is None
    watch.end()


def test_a_step_of_keras_own_holds_them_once(flavour: Flavour) -> None:
    model = create(flavour.keras, None)
    watch = watched(model)
    weights = trained(model)
    assert read(watch) == pytest.approx((2.0, 1.0, 1.0), rel=1e-6)
    for ours, bare in zip(weights, trained(create(flavour.keras, None)), strict=True):
        np.testing.assert_array_equal(ours, bare)


def loop(model: Any, *, tapes: int = 1, persistent: bool = False) -> None:
    for _ in range(2):
        for _ in range(tapes):
            with tf.GradientTape(persistent=persistent) as tape:
                loss = tf.reduce_mean(tf.square(Y - model(X, training=True))) + added(model)
            tape.gradient(loss, model.trainable_variables)


def test_several_passes_of_a_loop_are_told_apart(flavour: Flavour) -> None:
    model = create(flavour.keras, None)
    watch = watched(model)
    loop(model, tapes=3)
    assert read(watch) == pytest.approx((2.0, 1.0, 1.0), rel=1e-6)
    loop(model, persistent=True)  # whose passes are not
    assert read(watch) is None
    loop(model)
    assert read(watch) == pytest.approx((2.0, 1.0, 1.0), rel=1e-6)


def test_nothing_is_added_up_without_a_regularizer_or_with_a_function(flavour: Flavour) -> None:
    layers = flavour.keras.layers
    for regularizer in (None, tf.reduce_sum):
        dense = layers.Dense(2, kernel_regularizer=regularizer)
        model = flavour.keras.Sequential([flavour.keras.Input((3,)), dense])
        watch = watched(model)
        assert watch._held is None
        loss = model.losses  # is what it was
        assert len(loss) == (regularizer is not None)


def test_an_observed_regularizer_is_what_it_was(flavour: Flavour, tmp_path: Path) -> None:
    @flavour.keras.utils.register_keras_serializable("ours")
    class Strong(flavour.keras.regularizers.L2):  # type: ignore[misc, name-defined, unused-ignore]
        pass

    model = create(flavour.keras, None)
    for layer in (model.layers[1], model.layers[-1]):
        own, kernel = layer.kernel_regularizer, layer.kernel
        config, value = flavour.keras.regularizers.serialize(own), float(own(kernel))
        watch = watched(model)
        assert own.__class__ is not type(own)
        assert flavour.keras.regularizers.serialize(own) == config
        assert float(own(kernel)) == value
        assert type(copy.deepcopy(own)) is own.__class__
        assert type(pickle.loads(pickle.dumps(own))) is own.__class__
        model.save(tmp_path / "model.keras")
        watch.end()
        assert own.__class__ is type(own)
    strong = Strong(0.1)
    dense = flavour.keras.layers.Dense(2, kernel_regularizer=strong)
    model = flavour.keras.Sequential([flavour.keras.Input((3,)), dense])
    saved = flavour.keras.regularizers.serialize(strong)
    watch = watched(model)
    assert type(strong) is not Strong
    assert flavour.keras.regularizers.serialize(strong) == saved
    model.save(tmp_path / "strong.keras")
    loaded = flavour.keras.models.load_model(tmp_path / "strong.keras")
    assert type(loaded.layers[-1].kernel_regularizer) is Strong
    watch.end()
    assert type(strong) is Strong


def test_what_fails_leaves_the_training_alone(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = create(flavour.keras, added)
    watch = watched(model)

    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("no tape is like this one")

    monkeypatch.setattr("tb_bnplugin.keras.gradient.regularizers.tape_of_pass", fails)
    with pytest.warns(RuntimeWarning, match="no tape is like this one"):
        weights = trained(model)
    watch.end()
    for ours, bare in zip(weights, trained(create(flavour.keras, added)), strict=True):
        np.testing.assert_array_equal(ours, bare)
