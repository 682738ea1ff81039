"""What reaches an optimizer against what came back, by theory; the training stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.gradient.applied import AppliedGradients
from tb_bnplugin.schema.columns import GRADIENT_COLUMNS
from tests.conftest import Flavour

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(48, 6, 6, 2)).astype("float32")
Y = RANDOM.normal(size=(48, 3)).astype("float32")
STEPS, ROWS = 4, 12

Loop = Callable[[Any, Any, Callable[[Any], Any]], None]


def create(keras: Any, activation: str | None = None) -> Any:
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            keras.layers.Conv2D(4, 3),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.ReLU(),
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation=activation),
        ]
    )


def loss_of(model: Any, at: int) -> Any:
    rows = slice(at * ROWS, at * ROWS + ROWS)
    return tf.reduce_mean(tf.square(Y[rows] - model(X[rows], training=True)))


def gradients_of(model: Any, at: int, divisor: float = 1.0) -> list[Any]:
    with tf.GradientTape() as tape:
        loss = loss_of(model, at) / divisor
    return list(tape.gradient(loss, model.trainable_variables))


def given(optimizer: Any, model: Any, gradients: Any) -> None:
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))


def added(parts: list[list[Any]], divisor: float = 1.0) -> list[Any]:
    sums = [tf.add_n(list(each)) for each in zip(*parts, strict=True)]
    return sums if divisor == 1.0 else [each / divisor for each in sums]


def once(model: Any, optimizer: Any, traced: Any) -> None:
    step = traced(lambda: given(optimizer, model, gradients_of(model, 0)))
    for _ in range(STEPS):
        step()


def twice(model: Any, optimizer: Any, traced: Any) -> None:
    step = traced(lambda: given(optimizer, model, added([gradients_of(model, 0)] * 2)))
    for _ in range(STEPS):
        step()


def three_summed(model: Any, optimizer: Any, traced: Any) -> None:
    part = traced(lambda: gradients_of(model, 0))
    for _ in range(STEPS):
        given(optimizer, model, added([part() for _ in range(3)]))


def three_in_one_function(model: Any, optimizer: Any, traced: Any) -> None:
    step = traced(
        lambda: given(optimizer, model, added([gradients_of(model, at) for at in range(3)]))
    )
    for _ in range(STEPS):
        step()


def three_averaged(model: Any, optimizer: Any, traced: Any) -> None:
    part = traced(lambda: gradients_of(model, 1))
    for _ in range(STEPS):
        given(optimizer, model, added([part() for _ in range(3)], 3.0))


def three_in_variables(model: Any, optimizer: Any, traced: Any) -> None:
    """What is given are the variables in which the gradients are added up."""
    sums = [tf.Variable(tf.zeros(each.shape)) for each in model.trainable_variables]

    def part() -> None:
        for each, gradient in zip(sums, gradients_of(model, 0), strict=True):
            each.assign_add(gradient)

    of_part = traced(part)
    for _ in range(STEPS):
        for each in sums:
            each.assign(tf.zeros(each.shape))
        for _ in range(3):
            of_part()
        given(optimizer, model, sums)


def siamese(model: Any, optimizer: Any, traced: Any) -> None:
    def both() -> None:
        with tf.GradientTape() as tape:
            loss = loss_of(model, 0) + loss_of(model, 1)
        given(optimizer, model, tape.gradient(loss, model.trainable_variables))

    step = traced(both)
    for _ in range(STEPS):
        step()


def one_of_a_kept_tape(model: Any, optimizer: Any, traced: Any) -> None:
    """The gradients of one of two losses are only looked at."""

    def both() -> None:
        with tf.GradientTape(persistent=True) as tape:
            loss = loss_of(model, 0)
            scaled = 1024.0 * loss
        tape.gradient(loss, model.trainable_variables)
        given(optimizer, model, tape.gradient(scaled, model.trainable_variables))

    step = traced(both)
    for _ in range(STEPS):
        step()


def clipped(model: Any, optimizer: Any, traced: Any) -> None:
    def clip() -> None:
        gradients, _ = tf.clip_by_global_norm(gradients_of(model, 0), 0.001)
        given(optimizer, model, gradients)

    step = traced(clip)
    for _ in range(STEPS):
        step()


def run(
    keras: Any, loop: Loop, jit: bool | None, *, watched: bool, activation: str | None = None
) -> tuple[dict[str, float] | None, list[Any]]:
    def traced(function: Any) -> Any:
        return function if jit is None else tf.function(function, jit_compile=jit)

    model, optimizer = create(keras, activation), keras.optimizers.SGD(0.1, momentum=0.5)
    (optimizer.build if hasattr(optimizer, "build") else id)(model.trainable_variables)
    guard = Guard("model")
    applied = AppliedGradients(model, tf.distribute.get_strategy(), guard)
    if watched:
        applied.begin([optimizer])
    loop(model, optimizer, traced)
    measured = applied.take()
    applied.end()
    assert not guard.failures
    assert not {"apply", "apply_gradients"} & set(optimizer.__dict__)
    assert not any("call" in layer.__dict__ for layer in model.layers)
    columns = None if measured is None else dict(zip(GRADIENT_COLUMNS, measured, strict=True))
    return columns, [np.asarray(weight) for weight in model.get_weights()]


@pytest.mark.parametrize("jit", [None, False, True])
@pytest.mark.parametrize(
    ("loop", "factor", "passes"),
    [
        (once, 1.0, 1.0),
        (twice, 2.0, 1.0),
        (three_summed, 1.0, 3.0),
        (three_in_variables, 1.0, 3.0),
        (three_in_one_function, 1.0, 3.0),
        (three_averaged, 1 / 3, 3.0),
        (siamese, 1.0, 1.0),
    ],
)
def test_the_factor_is_that_of_theory(
    flavour: Flavour, loop: Loop, factor: float, passes: float, jit: bool | None
) -> None:
    measured, weights = run(flavour.keras, loop, jit, watched=True)
    assert measured is not None
    assert measured["applied_factor"] == pytest.approx(factor, rel=1e-4)
    assert measured["applied_cosine"] == pytest.approx(1.0, rel=1e-5)
    assert measured["applied_passes"] == passes
    assert measured["applications"] == STEPS
    nothing, bare = run(flavour.keras, loop, jit, watched=False)
    assert nothing is None
    for ours, theirs in zip(weights, bare, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("jit", [None, False])
def test_gradients_of_a_kept_tape_are_not_told_apart(flavour: Flavour, jit: bool | None) -> None:
    measured, weights = run(flavour.keras, one_of_a_kept_tape, jit, watched=True)
    assert measured is not None
    assert np.isnan(measured["applied_passes"])
    _, bare = run(flavour.keras, one_of_a_kept_tape, jit, watched=False)
    for ours, theirs in zip(weights, bare, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_what_is_clipped_is_smaller(flavour: Flavour) -> None:
    measured, _ = run(flavour.keras, clipped, None, watched=True)
    assert measured is not None
    assert 0.0 < measured["applied_factor"] < 0.5


@pytest.mark.parametrize("jit", [False, True])
def test_what_is_clipped_in_a_graph_is_left_alone(flavour: Flavour, jit: bool) -> None:
    """TensorFlow multiplies it by the learning rate at once, where nobody else takes it."""
    measured, weights = run(flavour.keras, clipped, jit, watched=True)
    assert measured is None
    _, bare = run(flavour.keras, clipped, jit, watched=False)
    for ours, theirs in zip(weights, bare, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("jit", [None, False, True])
def test_behind_an_activation_the_normalization_is_measured(
    flavour: Flavour, jit: bool | None
) -> None:
    measured, weights = run(flavour.keras, once, jit, watched=True, activation="tanh")
    assert measured is not None
    assert measured["applied_factor"] == pytest.approx(1.0, rel=1e-4)
    _, bare = run(flavour.keras, once, jit, watched=False, activation="tanh")
    for ours, theirs in zip(weights, bare, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("jit", [None, False])
def test_a_penalty_on_gradients_is_not_measured(flavour: Flavour, jit: bool | None) -> None:
    def penalized(model: Any, optimizer: Any, traced: Any) -> None:
        def step() -> None:
            with tf.GradientTape() as tape:
                x = tf.constant(X[:ROWS])
                with tf.GradientTape() as inner:
                    inner.watch(x)
                    p = tf.tanh(model(x, training=True))
                penalty = tf.reduce_mean(tf.square(inner.gradient(p, x)))
                loss = tf.reduce_mean(tf.square(p)) + penalty
            given(optimizer, model, tape.gradient(loss, model.trainable_variables))

        step = traced(step)
        for _ in range(STEPS):
            step()

    measured, weights = run(flavour.keras, penalized, jit, watched=True)
    _, bare = run(flavour.keras, penalized, jit, watched=False)
    assert measured is not None
    assert np.isnan(measured["applied_factor"])
    for ours, theirs in zip(weights, bare, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_what_is_recomputed_comes_back_once(flavour: Flavour) -> None:
    def recomputed(model: Any, optimizer: Any, traced: Any) -> None:
        again = tf.recompute_grad(lambda x: model(x, training=True))

        def step() -> None:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(Y[:ROWS] - again(tf.constant(X[:ROWS]))))
            given(optimizer, model, tape.gradient(loss, model.trainable_variables))

        step = traced(step)
        for _ in range(STEPS):
            step()

    measured, weights = run(flavour.keras, recomputed, False, watched=True)
    _, bare = run(flavour.keras, recomputed, False, watched=False)
    assert measured is None or measured["applied_factor"] == pytest.approx(1.0, rel=1e-4)
    for ours, theirs in zip(weights, bare, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_an_own_optimizer_is_left_alone(flavour: Flavour) -> None:
    class Own(flavour.keras.optimizers.SGD):  # type: ignore[misc, name-defined, unused-ignore]
        def apply(self, *args: Any, **kwargs: Any) -> Any:
            return super().apply(*args, **kwargs)

        def apply_gradients(self, *args: Any, **kwargs: Any) -> Any:
            return super().apply_gradients(*args, **kwargs)

    optimizer = Own(0.1)
    applied = AppliedGradients(create(flavour.keras), tf.distribute.get_strategy(), Guard("model"))
    applied.begin([optimizer])
    assert not {"apply", "apply_gradients"} & set(optimizer.__dict__)
    applied.end()
