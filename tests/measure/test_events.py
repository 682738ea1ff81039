"""What layers seldom do is counted exactly, on both Keras, and not written where it is not done."""

from __future__ import annotations

import tempfile
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import tb_bnplugin
from tb_bnplugin.schema.columns import EVENT_COLUMNS
from tb_bnplugin.training.recorder import watch_model
from tests.conftest import Flavour
from tests.support.tiny import compile_tiny, create_dense


def rare(model: Any) -> dict[str, float]:
    """The newest rare values of the only layer; {} where no record was due."""
    watch = watch_model(model)
    watch.snapshot(watch.last_step + 1, "on_demand")
    table = watch._records.documents.get("events")
    assert table is None or isinstance(table, np.ndarray)
    return {} if table is None else dict(zip(EVENT_COLUMNS, table[0].tolist(), strict=True))


def rows(number: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=(number, 3)).astype("float32")


def test_a_healthy_model_writes_nothing_rare(flavour: Flavour) -> None:
    model = create_dense(flavour.keras)
    watch = watch_model(model)
    for step in range(1, 6):
        model(rows(16, step), training=True)
        kinds = {record.metadata.kind for record in watch.snapshot(step, "cadence")}
        assert "events" not in kinds
    watch.close()


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize(
    ("number", "below_2", "below_16"), [(1, 3.0, 3.0), (2, 0.0, 3.0), (15, 0.0, 3.0)]
)
def test_batches_with_few_values_are_counted(
    flavour: Flavour, traced: bool, number: int, below_2: float, below_16: float
) -> None:
    model = create_dense(flavour.keras)
    watch = watch_model(model)
    signature = [tf.TensorSpec([None, 3])]
    call: Any = lambda x: model(x, training=True)  # noqa: E731
    step = tf.function(call, input_signature=signature) if traced else call
    for _ in range(3):
        step(tf.constant(rows(number)))
    step(tf.constant(rows(16)))
    assert (rare(model)["training_below_2"], rare(model)["training_below_16"]) == (
        below_2,
        below_16,
    )
    watch.close()


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize(("virtual", "below_16"), [(2, 3.0), (16, 0.0)])
def test_values_are_those_of_a_virtual_batch(
    flavour: Flavour, traced: bool, virtual: int, below_16: float
) -> None:
    with_virtual: Any = {"virtual_batch_size": virtual} if flavour.name == "tf_keras" else {}
    model = create_dense(flavour.keras, **with_virtual)
    model.get_layer("bn").virtual_batch_size = virtual  # Keras 3 has none of its own
    watch = watch_model(model)
    signature = [tf.TensorSpec([None, 3])]
    call: Any = lambda x: model(x, training=True)  # noqa: E731
    step = tf.function(call, input_signature=signature) if traced else call
    for _ in range(3):
        step(tf.constant(rows(64)))
    assert rare(model).get("training_below_16", 0.0) == below_16
    watch.close()


def test_space_counts_as_values(flavour: Flavour) -> None:
    layers = flavour.keras.layers
    bn = layers.BatchNormalization()
    model = flavour.keras.Sequential([flavour.keras.Input((4, 4, 3)), bn])
    watch = watch_model(model)
    model(np.ones((1, 4, 4, 3), "float32"), training=True)  # 16 values of each channel
    assert rare(model) == {}
    watch.close()


def test_inference_is_not_counted(flavour: Flavour) -> None:
    model = create_dense(flavour.keras)
    watch = watch_model(model)
    model(rows(1), training=False)
    assert rare(model) == {}
    watch.close()


def test_a_frozen_layer_of_keras_does_not_move(flavour: Flavour) -> None:
    model = create_dense(flavour.keras)
    model.get_layer("bn").trainable = False
    watch = watch_model(model)
    model(rows(16), training=True)
    assert rare(model) == {}  # frozen as it was asked for
    watch.close()


def create_own_class(keras: Any) -> Any:
    """Batch normalization of one's own that does not look at `trainable`."""

    class Own(keras.layers.Layer):  # type: ignore[misc, name-defined, unused-ignore]
        momentum = 0.9

        def build(self, shape: Any) -> None:
            self.momentum = 0.9
            size = (shape[-1],)
            self.moving_mean = self.add_weight(
                name="mean", shape=size, initializer="zeros", trainable=False
            )
            self.moving_variance = self.add_weight(
                name="variance", shape=size, initializer="ones", trainable=False
            )

        def call(self, x: Any, training: Any = None) -> Any:
            if training:
                mean, variance = tf.nn.moments(x, [0])
                self.moving_mean.assign(0.9 * self.moving_mean + 0.1 * mean)
                self.moving_variance.assign(0.9 * self.moving_variance + 0.1 * variance)
            return (x - self.moving_mean) / tf.sqrt(self.moving_variance + 1e-3)

    return Own(name="own")


@pytest.mark.parametrize("traced", [False, True])
def test_a_frozen_layer_that_moves_is_caught_in_the_act(flavour: Flavour, traced: bool) -> None:
    own = create_own_class(flavour.keras)
    model = flavour.keras.Sequential([flavour.keras.Input((3,)), own])
    own.trainable = False
    watch = watch_model(model)

    def call(x: Any) -> Any:
        return model(x, training=True)

    step = tf.function(call) if traced else call
    for seed in range(3):
        step(tf.constant(rows(16, seed)))
    assert rare(model)["frozen_updates"] == 3.0
    own.moving_mean.assign(own.moving_mean + 1.0)  # by another hand
    assert rare(model)["frozen_updates"] == 3.0
    watch.close()


def train_steps(model: Any, step: Any, number: int, first: int) -> None:
    watch = watch_model(model)
    for at in range(first, first + number):
        step(tf.constant(rows(16, at)))
        watch.snapshot(at, "cadence")


def test_trainable_switched_after_tracing_is_noticed_and_dated(flavour: Flavour) -> None:
    model = create_dense(flavour.keras)
    watch = watch_model(model)
    step = tf.function(lambda x: model(x, training=True))
    train_steps(model, step, 5, 1)
    model.get_layer("bn").trainable = False
    train_steps(model, step, 5, 6)
    values = rare(model)
    # what ran by step 6 may have run before it was switched
    assert (values["trainable_ignored"], values["trainable_ignored_first_step"]) == (4.0, 6.0)
    assert (values["trainable_as_set"], values["trainable_as_set_step"]) == (0.0, 6.0)
    model.get_layer("bn").trainable = True
    train_steps(model, step, 5, 11)
    values = rare(model)
    assert (values["trainable_ignored"], values["trainable_ignored_first_step"]) == (4.0, 6.0)
    assert values["trainable_ignored_frozen"] == 0.0
    watch.close()


def test_a_layer_unfrozen_after_tracing_stays_frozen(flavour: Flavour) -> None:
    model = create_dense(flavour.keras)
    model.get_layer("bn").trainable = False
    watch = watch_model(model)
    step = tf.function(lambda x: model(x, training=True))
    train_steps(model, step, 5, 1)
    model.get_layer("bn").trainable = True
    train_steps(model, step, 5, 6)
    values = rare(model)
    assert (values["trainable_ignored"], values["trainable_ignored_frozen"]) == (4.0, 4.0)
    watch.close()


def test_two_traces_with_a_value_each_are_no_stale_freeze(flavour: Flavour) -> None:
    model = create_dense(flavour.keras)
    watch = watch_model(model)
    bn = model.get_layer("bn")
    alone = tf.function(lambda x: model(x, training=True))
    alone(tf.constant(rows(16)))
    bn.trainable = False
    frozen = tf.function(lambda x: model(x, training=True))

    def both(x: Any) -> None:
        alone(x)
        frozen(x)

    train_steps(model, both, 5, 1)
    assert rare(model).get("trainable_ignored", 0.0) == 0.0
    watch.close()


def test_tf_keras_shows_what_the_program_set_while_fit_hides_it(flavour: Flavour) -> None:
    if flavour.name != "tf_keras":
        return
    from tb_bnplugin.keras.model.trainable import replaced_by_fit

    model = compile_tiny(create_dense(flavour.keras))
    bn = model.get_layer("bn")
    bn.trainable = False
    seen: list[tuple[bool, dict[int, bool]]] = []

    class Look(flavour.keras.callbacks.Callback):  # type: ignore[misc, name-defined, unused-ignore]
        def on_train_begin(self, logs: Any = None) -> None:
            seen.append((bool(bn.trainable), replaced_by_fit(model)))

    model.fit(rows(8), rows(8)[:, :1], verbose=0, callbacks=[Look()])
    assert seen == [(True, {id(bn): False})]
    assert replaced_by_fit(model) == {}


def test_the_first_evaluation_in_training_mode_is_dated(flavour: Flavour) -> None:
    model = create_dense(flavour.keras)
    watch = tb_bnplugin.watch(model, on_finding="ignore")
    for step in range(1, 4):
        tf.summary.experimental.set_step(step)
        with watch.evaluating():
            model(rows(16), training=step > 1)
        model(rows(16), training=True)
    tf.summary.experimental.set_step(None)
    assert rare(model)["evaluated_first_step"] == 2.0
    watch.close()


def test_statistics_that_are_rounded_off_are_counted(flavour: Flavour) -> None:
    keras = flavour.keras
    bn = keras.layers.BatchNormalization(momentum=0.999, dtype="bfloat16")
    model = keras.Sequential([keras.Input((3,)), bn])
    watch = watch_model(model)
    for step in range(1, 31):
        model(rows(16, step), training=True)
        watch.snapshot(step, "cadence")
    stalled = rare(model).get("stalled_executions", 0.0)
    # tf_keras keeps the statistics in float32. In bfloat16 the numbers below 1 are 1/256 apart,
    # and an update of the variance is at most a thousandth of it.
    assert stalled == (30.0 if flavour.name == "keras3" else 0.0)
    watch.close()


def test_statistics_that_are_put_back_are_told_until_they_move_again(flavour: Flavour) -> None:
    model = create_dense(flavour.keras)
    bn = model.get_layer("bn")
    watch = watch_model(model)
    model(rows(16), training=True)
    assert rare(model) == {}
    bn.moving_mean.assign(np.zeros(4))
    bn.moving_variance.assign([1.0, 1.0, 1.0, 2.0])
    assert rare(model) == {}
    bn.moving_variance.assign(np.ones(4))
    reset = rare(model)
    assert (reset["put_back_step"], reset["put_back_inference"]) == (watch.last_step, 0)
    model(rows(16), training=False)
    model(rows(16), training=False)
    assert rare(model)["put_back_inference"] == 2
    model(rows(16), training=True)
    filled = rare(model)
    assert np.isnan(filled["put_back_step"])
    assert filled["put_back_inference"] == 0
    watch.close()


def test_an_evaluation_after_a_reset_uses_what_was_put_back(flavour: Flavour) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    callback = tb_bnplugin.BatchNormCallback(tempfile.mkdtemp(), on_finding="ignore")
    model.fit(rows(16), rows(16)[:, :1], verbose=0, callbacks=[callback])
    bn = model.get_layer("bn")
    bn.moving_mean.assign(np.zeros(4))
    bn.moving_variance.assign(np.ones(4))
    model.evaluate(rows(16), rows(16)[:, :1], batch_size=8, verbose=0, callbacks=[callback])
    assert rare(model)["put_back_inference"] == 2
