"""What comes back to the predictions of a loop, against the loss that it hands over, by theory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import tb_bnplugin
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.training.recorder import recorder_of
from tests.conftest import Flavour
from tests.support.logs import read

RANDOM = np.random.default_rng(0)
STEPS, ROWS, OUTPUTS = 5, 8, 3
X = RANDOM.normal(size=(STEPS * ROWS, 5)).astype("float32")
LABELS: dict[str, Any] = {
    "mean_squared_error": RANDOM.normal(size=(STEPS * ROWS, OUTPUTS)).astype("float32"),
    "sparse_categorical_crossentropy": RANDOM.integers(0, OUTPUTS, STEPS * ROWS),
    "binary_crossentropy": RANDOM.integers(0, 2, (STEPS * ROWS, OUTPUTS)).astype("float32"),
}
ACTIVATIONS = {
    "mean_squared_error": None,
    "sparse_categorical_crossentropy": "softmax",
    "binary_crossentropy": "sigmoid",
}
RUNS = ("eager", "eager, before", "inside", "inside, before", "outside", "xla")

# of the loss of each row, what the tape differentiates, and its factor to Keras' mean
REDUCED = {
    "mean": (tf.reduce_mean, 1.0),
    "vector": (tf.identity, float(ROWS)),
    "twice": (lambda each: tf.reduce_mean(each) / ROWS, 1.0 / ROWS),
}


def create(keras: Any, activation: str | None, *, subclassed: bool = False, heads: int = 1) -> Any:
    keras.utils.set_random_seed(1)
    layers = keras.layers
    hidden = [layers.Dense(4), layers.BatchNormalization(momentum=0.9)]
    last = [layers.Dense(OUTPUTS, activation=activation) for _ in range(heads)]

    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.norm = hidden
            (self.last,) = last

        def call(self, x: Any, training: bool | None = None) -> Any:
            return self.last(self.norm(self.first(x), training=training))

    if subclassed:
        model = Own()
        model(X[:ROWS])
        return model
    inputs = keras.Input((5,))
    x = hidden[1](hidden[0](inputs))
    outputs = {f"head{at}": layer(x) for at, layer in enumerate(last)}
    return keras.Model(inputs, outputs if heads > 1 else outputs["head0"])


def train(
    keras: Any, model: Any, name: str, reduced: Any, run: str, *, recorded: bool
) -> list[Any]:
    """A loop of some steps; where it is recorded, it hands over the loss of this name."""
    each, labels, optimizer = keras.losses.get(name), LABELS[name], keras.optimizers.SGD(0.05)

    def tell(y: Any, p: Any, step: Any, when: str) -> None:
        if recorded and when in run:
            tb_bnplugin.summary.loss_reduction(name, y, p, step=step)

    def train_step(x: Any, y: Any, step: Any) -> Any:
        with tf.GradientTape() as tape:
            p = model(x, training=True)
            loss = reduced(each(y, p))
            tell(y, p, step, "before")
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        if run == "inside":
            tell(y, p, step, "inside")
        return p

    step_of = train_step
    if not run.startswith("eager"):
        step_of = tf.function(train_step, jit_compile=run == "xla")
    for step in range(1, STEPS + 1):
        rows = slice(ROWS * (step - 1), ROWS * step)
        x, y = tf.constant(X[rows]), tf.constant(labels[rows])
        p = step_of(x, y, tf.constant(step, tf.int64))
        if run in ("eager", "outside", "xla"):
            tell(y, p, step, run)
    return [np.asarray(weight) for weight in model.get_weights()]


def history_of(folder: Path) -> ModelHistory:
    ((history,),) = (run.models for run in read(folder).values())
    assert isinstance(history, ModelHistory)
    assert not history.facts.switched_off
    return history


def taped(history: ModelHistory) -> dict[str, Any] | None:
    """The columns of the record "tape"; None: there is none."""
    found = [each for each in history.gradients if each.name == "tape"]
    return dict(found[0].columns) if found else None


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("name", LABELS)
def test_the_factor_is_that_of_theory(
    flavour: Flavour, tmp_path: Path, name: str, run: str
) -> None:
    keras = flavour.keras
    reduced, factor = REDUCED["twice" if run == "xla" else "vector"]
    model = create(keras, ACTIVATIONS[name])
    writer = tf.summary.create_file_writer(str(tmp_path))
    with tb_bnplugin.watch(model), writer.as_default():
        ours = train(keras, model, name, reduced, run, recorded=True)
    columns = taped(history_of(tmp_path))
    assert columns is not None
    # nothing is held before the first loss is handed over, and one before its pass is late
    late = (run not in ("inside", "inside, before")) + ("before" in run)
    assert len(columns["tape_factor"]) == STEPS - late
    np.testing.assert_allclose(columns["tape_factor"], factor, rtol=1e-4)
    np.testing.assert_allclose(columns["tape_cosine"], 1.0, rtol=1e-6)
    assert (columns["tape_rows"] == ROWS).all()
    assert (columns["tape_of_keras"] == 1.0).all()
    bare = train(keras, create(keras, ACTIVATIONS[name]), name, reduced, run, recorded=False)
    for mine, theirs in zip(ours, bare, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("reduced", REDUCED)
def test_a_subclassed_model_is_measured(flavour: Flavour, tmp_path: Path, reduced: str) -> None:
    keras, name = flavour.keras, "sparse_categorical_crossentropy"
    of, factor = REDUCED[reduced]
    model = create(keras, "softmax", subclassed=True)
    writer = tf.summary.create_file_writer(str(tmp_path))
    with tb_bnplugin.watch(model), writer.as_default():
        train(keras, model, name, of, "inside", recorded=True)
    columns = taped(history_of(tmp_path))
    assert columns is not None
    np.testing.assert_allclose(columns["tape_factor"], [factor] * STEPS, rtol=1e-4)


def test_nothing_is_held_before_a_loss_is_handed_over(flavour: Flavour) -> None:
    keras, name = flavour.keras, "mean_squared_error"
    model = create(keras, None)
    with tb_bnplugin.watch(model):
        recorder = recorder_of(model)
        assert recorder is not None
        loop = recorder.watched.gradients.loop
        assert loop is not None
        train(keras, model, name, tf.reduce_mean, "outside", recorded=False)
        held = loop.held()
        assert held is not None
        assert not np.asarray(held).any()


def several_heads(keras: Any, first: float, second: float) -> tuple[Any, Any]:
    model, optimizer = create(keras, None, heads=2), keras.optimizers.SGD(0.05)

    @tf.function
    def step_of(x: Any, y: Any, step: Any) -> None:
        with tf.GradientTape() as tape:
            p = model(x, training=True)
            parts = [tf.reduce_mean(tf.square(y - p[f"head{at}"])) for at in range(2)]
            loss = first * parts[0] + second * parts[1]
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        tb_bnplugin.summary.loss_reduction("mse", {"head0": y, "head1": y}, p, step=step)

    return model, step_of


def penalized(keras: Any, how: str) -> tuple[Any, Any]:
    """A loop in which the gradient at the predictions is of more than one pass, or of others."""
    model, optimizer = create(keras, None), keras.optimizers.SGD(0.05)

    @tf.function
    def step_of(x: Any, y: Any, step: Any) -> None:
        with tf.GradientTape(persistent=how == "two gradients") as tape:
            if how == "a penalty on gradients":
                with tf.GradientTape() as inner:
                    inner.watch(x)
                    p = model(x, training=True)
                penalty = tf.reduce_mean(tf.square(inner.gradient(p, x)))
            else:
                p, penalty = model(x, training=True), 0.0
            if how == "two calls":
                penalty = tf.reduce_mean(tf.square(p - model(-x, training=True)))
            loss = tf.reduce_mean(tf.square(y - p)) + penalty
        gradients = tape.gradient(loss, model.trainable_variables)
        if how == "two gradients":
            tape.gradient(loss, p)
            tape.gradient(loss, model.trainable_variables[-1])
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        given = {"a multiple of them": 2.0 * p, "some of the rows": p[:4]}.get(how, p)
        labels = y[:4] if how == "some of the rows" else y
        tb_bnplugin.summary.loss_reduction("mse", labels, given, step=step)

    return model, step_of


def run_steps(
    model: Any, step_of: Any, folder: Path, optimizer: Any = None
) -> dict[str, Any] | None:
    writer = tf.summary.create_file_writer(str(folder))
    with tb_bnplugin.watch(model, optimizer=optimizer), writer.as_default():
        for step in range(1, STEPS + 1):
            rows = slice(ROWS * (step - 1), ROWS * step)
            x, y = tf.constant(X[rows]), tf.constant(LABELS["mean_squared_error"][rows])
            step_of(x, y, tf.constant(step, tf.int64))
            tb_bnplugin.summary.batch_norm(model, step=step)
    return taped(history_of(folder))


@pytest.mark.parametrize(("first", "second"), [(1.0, 1.0), (0.5, 0.5), (1.0, 0.25)])
def test_several_outputs_have_one_factor(
    flavour: Flavour, tmp_path: Path, first: float, second: float
) -> None:
    columns = run_steps(*several_heads(flavour.keras, first, second), tmp_path)
    assert columns is not None
    if first != second:
        assert (columns["tape_cosine"] < 0.99).all()
        return
    np.testing.assert_allclose(columns["tape_factor"], first, rtol=1e-4)
    np.testing.assert_allclose(columns["tape_cosine"], 1.0, rtol=1e-6)


@pytest.mark.parametrize(
    "how",
    [
        "a penalty on gradients",
        "two calls",
        "two gradients",
        "a multiple of them",
        "some of the rows",
    ],
)
def test_what_is_not_one_pass_of_these_predictions_is_not_compared(
    flavour: Flavour, tmp_path: Path, how: str
) -> None:
    assert run_steps(*penalized(flavour.keras, how), tmp_path) is None


@pytest.mark.parametrize(("divisor", "factor"), [(ROWS, 1.0), (2 * ROWS, 0.5)])
def test_the_factor_of_a_replica(
    flavour: Flavour, strategy: Any, tmp_path: Path, divisor: int, factor: float
) -> None:
    keras = flavour.keras
    with strategy.scope():
        model, optimizer = create(keras, None), keras.optimizers.SGD(0.05)
        optimizer.build(model.trainable_variables)

    def of_replica(x: Any, y: Any, step: Any) -> None:
        with tf.GradientTape() as tape:
            p = model(x, training=True)
            loss = tf.reduce_sum(keras.losses.mean_squared_error(y, p)) / divisor
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        each = keras.losses.mean_squared_error
        tb_bnplugin.summary.loss_reduction(each, y, p, step=step)

    @tf.function
    def step_of(x: Any, y: Any, step: Any) -> None:
        strategy.run(of_replica, args=(x, y, step))

    columns = run_steps(model, step_of, tmp_path)
    assert columns is not None
    np.testing.assert_allclose(columns["tape_factor"], [factor] * STEPS, rtol=1e-4)
    assert (columns["tape_of_keras"] == 0.0).all()


@pytest.mark.parametrize("right", [False, True])
def test_a_loss_scale_of_mixed_precision_is_told(
    flavour: Flavour, tmp_path: Path, right: bool
) -> None:
    keras = flavour.keras
    layers, scale = keras.layers, 1024.0
    keras.utils.set_random_seed(1)
    half = [
        layers.Dense(4, dtype="mixed_float16"),
        layers.BatchNormalization(dtype="mixed_float16"),
    ]
    model = keras.Sequential([keras.Input((5,)), *half, layers.Dense(OUTPUTS, dtype="float32")])
    optimizer = keras.mixed_precision.LossScaleOptimizer(
        keras.optimizers.SGD(1e-5), initial_scale=scale
    )
    is_legacy = hasattr(optimizer, "get_scaled_loss")

    @tf.function
    def step_of(x: Any, y: Any, step: Any) -> None:
        with tf.GradientTape() as tape:
            p = model(x, training=True)
            loss = tf.reduce_mean(tf.square(y - p))
            if is_legacy:
                loss = optimizer.get_scaled_loss(loss)
            elif right:
                loss = optimizer.scale_loss(loss)
        gradients = tape.gradient(loss, model.trainable_variables)
        if is_legacy and right:
            gradients = optimizer.get_unscaled_gradients(gradients)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        tb_bnplugin.summary.loss_reduction("mse", y, p, step=step)

    columns = run_steps(model, step_of, tmp_path, optimizer=optimizer)
    assert columns is not None
    np.testing.assert_allclose(columns["tape_factor"], scale if is_legacy or right else 1.0, 1e-3)
    (run,) = tb_bnplugin.check(str(tmp_path)).runs
    (outcome,) = (each for each in run.outcomes if each.code == "LR110")
    # gradients that tf_keras unscales are a product, which is left alone in a graph
    healthy = "not_checked" if is_legacy else "ok"
    assert outcome.status == (healthy if right else "finding")
    assert not outcome.fact


def test_a_jacobian_is_taken_beside_the_steps(flavour: Flavour, tmp_path: Path) -> None:
    """TensorFlow makes one pass of many: nothing may be written within it."""
    keras = flavour.keras
    model, optimizer = create(keras, None), keras.optimizers.SGD(0.05)

    @tf.function
    def jacobian_of(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            p = model(x, training=False)
        return tape.batch_jacobian(p, x)

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            p = model(x, training=True)
            loss = tf.reduce_sum(tf.square(y - p)) / ROWS
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return p

    def step_of(x: Any, y: Any, step: Any) -> None:
        p = train_step(x, y)
        assert jacobian_of(x).shape == (ROWS, OUTPUTS, 5)
        tb_bnplugin.summary.loss_reduction("mse", y, p, step=step)

    columns = run_steps(model, step_of, tmp_path)
    assert columns is not None
    np.testing.assert_allclose(columns["tape_factor"], OUTPUTS, rtol=1e-4)
