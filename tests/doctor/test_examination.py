"""Doctor's answers agree with small programs written by hand, and with the file of facts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tb_bnplugin.diagnose import keras_facts
from tb_bnplugin.doctor import QUESTIONS, Examination, Question, examine
from tests.conftest import Flavour

RANDOM = np.random.default_rng(7)
X = RANDOM.normal(5.0, 1.0, (8, 3)).astype("float32")
Y = RANDOM.normal(0.0, 1.0, (8, 1)).astype("float32")


@pytest.fixture(scope="module")
def examination(flavour: Flavour, strategy: Any) -> Examination:
    return examine(flavour.keras, strategy)


@pytest.fixture
def answers(examination: Examination) -> dict[str, Any]:
    return {fact.name: fact.value for fact in examination.facts}


def test_names_are_told_apart() -> None:
    names = [question.name for question in QUESTIONS]
    assert len(set(names)) == len(names)


def test_everything_is_measured_and_explained(examination: Examination) -> None:
    assert [fact.name for fact in examination.facts] == [question.name for question in QUESTIONS]
    assert [(fact.name, fact.reason) for fact in examination.facts if fact.reason] == []
    assert all(fact.consequence and fact.consequence.endswith(".") for fact in examination.facts)


def test_version_is_named_as_records_name_it(flavour: Flavour, examination: Examination) -> None:
    assert examination.keras == f"{flavour.keras.__name__} {flavour.keras.__version__}"


def test_file_of_facts_says_what_was_measured_here(
    examination: Examination, answers: dict[str, Any]
) -> None:
    assert examination.keras in keras_facts.versions(), (
        "add it to tools/collect_facts.py: make facts"
    )
    told = {name: keras_facts.fact(examination.keras, name) for name in answers}
    assert told == answers


# Programs as a user writes them: what they return is the answer.


def trains(model: Any, bn: Any, run: Callable[[], Any]) -> bool:
    before = bn.moving_mean.numpy().copy()
    run()
    return not np.array_equal(before, bn.moving_mean.numpy())


def compiled(model: Any) -> Any:
    model.compile("sgd", "mse")
    return model


def transfer_model(keras: Any, **mode: Any) -> tuple[Any, Any]:
    bn = keras.layers.BatchNormalization()
    base = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), bn])
    inputs = keras.Input((3,))
    outputs = keras.layers.Dense(1)(base(inputs, **mode))
    return compiled(keras.Model(inputs, outputs)), bn


def direct_model(keras: Any, **mode: Any) -> tuple[Any, Any]:
    bn = keras.layers.BatchNormalization()
    inputs = keras.Input((3,))
    hidden = bn(keras.layers.Dense(4)(inputs), **mode)
    return compiled(keras.Model(inputs, keras.layers.Dense(1)(hidden))), bn


def fit_of_transfer_model(keras: Any) -> bool:
    model, bn = transfer_model(keras, training=False)
    return not trains(model, bn, lambda: model.fit(X, Y, verbose=0))


def fit_of_direct_model(keras: Any) -> bool:
    model, bn = direct_model(keras, training=False)
    return not trains(model, bn, lambda: model.fit(X, Y, verbose=0))


def loop_of_transfer_model(keras: Any) -> bool:
    model, bn = transfer_model(keras, training=False)

    @tf.function
    def step() -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(tf.constant(X), training=True)))
        return tape.gradient(loss, model.trainable_variables)

    return not trains(model, bn, step)


def evaluation_of_direct_model(keras: Any) -> bool:
    model, bn = direct_model(keras, training=True)
    return trains(model, bn, lambda: model.evaluate(X, Y, verbose=0))


def fit_of_call_without_training(keras: Any) -> bool:
    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.first = keras.layers.Dense(4)
            self.bn = keras.layers.BatchNormalization()
            self.last = keras.layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.last(self.bn(self.first(x)))

    model = compiled(Net())
    model(X[:1])
    return trains(model, model.bn, lambda: model.fit(X, Y, verbose=0))


def frozen_after_compile(keras: Any) -> bool:
    model, bn = direct_model(keras)
    bn.trainable = False
    return not trains(model, bn, lambda: model.fit(X, Y, verbose=0))


def frozen_after_fit(keras: Any) -> bool:
    model, bn = direct_model(keras)
    model.fit(X, Y, verbose=0)
    bn.trainable = False
    return not trains(model, bn, lambda: model.fit(X, Y, verbose=0))


def variance_of_images(keras: Any) -> bool:
    bn = keras.layers.BatchNormalization(momentum=0.0)
    images = RANDOM.normal(size=(2, 2, 1, 3)).astype("float32")
    bn(images, training=True)
    stored = bn.moving_variance.numpy()
    unbiased = images.reshape(-1, 3).var(axis=0, ddof=1)
    return bool(np.allclose(stored, unbiased, rtol=1e-3))


def updates_over_three_times(keras: Any) -> float:
    bn = keras.layers.BatchNormalization(momentum=0.9)
    keras.layers.TimeDistributed(bn)(tf.ones((2, 3, 4)), training=True)
    distance_to_go = 1.0 - float(bn.moving_mean.numpy()[0])
    return {0.9: 1.0, 0.729: 3.0}[round(distance_to_go, 3)]


def dtype_under_a_global_policy(keras: Any) -> str:
    policies = keras.mixed_precision
    before = getattr(policies, "dtype_policy", None) or policies.global_policy
    set_policy = getattr(policies, "set_dtype_policy", None) or policies.set_global_policy
    kept = before()
    set_policy("float16")
    try:
        bn = direct_model(keras)[1]
    finally:
        set_policy(kept)
    return str(tf.as_dtype(bn.moving_mean.dtype).name)


PROGRAMS: dict[str, Callable[[Any], Any]] = {
    "graph_training_false_honoured_in_fit": fit_of_transfer_model,
    "graph_training_false_honoured_in_fit_direct_layer": fit_of_direct_model,
    "graph_training_false_honoured_in_tape": loop_of_transfer_model,
    "graph_training_true_kept_in_evaluate": evaluation_of_direct_model,
    "trains_call_without_training": fit_of_call_without_training,
    "trainable_after_compile_before_fit_honoured": frozen_after_compile,
    "trainable_after_fit_without_compile_honoured": frozen_after_fit,
    "moving_variance_bessel": variance_of_images,
    "time_distributed_updates_per_call": updates_over_three_times,
    "half_policy_statistics_dtype": dtype_under_a_global_policy,
}


@pytest.mark.filterwarnings("ignore")  # programs that are wrong on purpose are warned about
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_agrees(flavour: Flavour, answers: dict[str, Any], name: str) -> None:
    assert PROGRAMS[name](flavour.keras) == answers[name]


def test_mean_loss_under_replicas(flavour: Flavour, answers: dict[str, Any], strategy: Any) -> None:
    keras = flavour.keras
    with strategy.scope():
        loss = keras.losses.MeanAbsoluteError()

    def of_replica() -> Any:
        return loss(tf.zeros((4, 1)), tf.ones((4, 1)))

    if answers["mean_loss_divided_by_replicas"] == "raises":
        with pytest.raises(ValueError, match="[Rr]eduction"):
            strategy.run(of_replica)
    else:
        first, _ = strategy.run(of_replica).values
        assert answers["mean_loss_divided_by_replicas"] is (float(first) == 0.5)


# What goes wrong.


def refuse(bench: Any) -> bool:
    raise ValueError("no such layer\nand a second line")


def test_what_keras_refuses_becomes_a_reason(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = Question(name="refused", asks="?", measure=refuse, means=str)
    monkeypatch.setattr("tb_bnplugin.doctor.examination.TOPICS", {"Refusals": (question,)})
    (fact,) = examine(flavour.keras).facts
    assert fact.value is None
    assert fact.reason == "ValueError: no such layer"


def test_without_two_devices_nothing_is_said_of_replicas(flavour: Flavour) -> None:
    (fact,) = examine(flavour.keras, None, ["replica_statistics_read"]).facts
    assert fact.value is None
    assert "two logical devices" in str(fact.reason)


def test_unknown_question_is_refused(flavour: Flavour) -> None:
    with pytest.raises(KeyError, match="no question is named typo"):
        examine(flavour.keras, None, ["typo"])
