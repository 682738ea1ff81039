"""Expected factors follow from the formula of each loss, with N rows and C outputs."""

from __future__ import annotations

import dataclasses
import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.diagnose import keras_facts
from tb_bnplugin.schema.columns import KERAS_LOSSES, LOSS_COLUMNS
from tb_bnplugin.schema.facts import LossFacts
from tests.conftest import Flavour

N, C = 32, 10


@pytest.fixture(scope="module")
def batch() -> dict[str, Any]:
    random = np.random.default_rng(0)
    indices = random.integers(0, C, N)
    logits = random.normal(0, 0.5, (N, C)).astype(np.float32)
    exponentials = np.exp(logits)
    return {
        "indices": indices,
        "one_hot": np.eye(C, dtype=np.float32)[indices],
        "logits": logits,
        "probabilities": exponentials / exponentials.sum(axis=1, keepdims=True),
    }


def measured(loss: Any, labels: Any, predictions: Any, **options: Any) -> dict[str, Any]:
    from tb_bnplugin.keras.losses.measure import LossOptions, measure

    vector, facts = measure(loss, labels, predictions, LossOptions(**options))
    assert vector.shape == (len(LOSS_COLUMNS),)
    assert vector.dtype == np.float64
    columns = dict(zip(LOSS_COLUMNS, vector.tolist(), strict=True))
    return {
        **columns,
        **dataclasses.asdict(facts),
        "factor": columns["measured"] / columns["keras_mean"],
        "doubled_ratio": columns["doubled"] / columns["measured"],
        "permuted_ratio": columns["permuted"] / columns["measured"],
    }


def test_the_sum_by_a_fixed_number_grows_with_the_batch_and_sums_outputs(
    flavour: Flavour, tensorflow: ModuleType, batch: Any
) -> None:
    tf = tensorflow
    loss = lambda a, b: tf.reduce_sum(tf.square(a - b)) / 32.0  # noqa: E731
    found = measured(loss, batch["one_hot"], batch["logits"], keras=flavour.keras)
    assert found["doubled_ratio"] == pytest.approx(2.0, rel=1e-5)
    assert found["factor"] == pytest.approx(10.0, rel=1e-5)
    assert (found["keras_class"], found["outputs"]) == ("MeanSquaredError", 10.0)
    by_hand = np.square(batch["one_hot"] - batch["logits"]).mean(dtype=np.float64)
    assert found["keras_mean"] == pytest.approx(by_hand, rel=1e-6)


def test_the_mean_of_sums_over_outputs_keeps_with_the_batch(
    flavour: Flavour, tensorflow: ModuleType, batch: Any
) -> None:
    tf = tensorflow
    loss = lambda a, b: tf.reduce_mean(tf.reduce_sum(tf.square(a - b), -1))  # noqa: E731
    found = measured(loss, batch["one_hot"], batch["logits"], keras=flavour.keras)
    assert found["doubled_ratio"] == pytest.approx(1.0, rel=1e-5)
    assert found["factor"] == pytest.approx(10.0, rel=1e-5)


def test_keras_own_function_gives_a_vector_that_a_tape_sums(flavour: Flavour, batch: Any) -> None:
    function = flavour.keras.losses.mean_squared_error
    found = measured(function, batch["one_hot"], batch["logits"], keras=flavour.keras)
    assert found["elements"] == N
    assert found["factor"] == pytest.approx(N, rel=1e-5)
    assert found["reduction"] is None


def test_a_name_is_what_compile_makes_of_it(flavour: Flavour, batch: Any) -> None:
    found = measured("mse", batch["one_hot"], batch["logits"], keras=flavour.keras)
    assert found["loss_class"] == found["keras_class"] == "MeanSquaredError"
    assert found["factor"] == pytest.approx(1.0, rel=1e-5)
    assert found["elements"] == 1


@pytest.mark.parametrize(("reduction", "factor"), [("sum", N), ("sum_over_batch_size", 1)])
def test_a_loss_object_is_compared_with_the_mean_of_its_own_class(
    flavour: Flavour, batch: Any, reduction: str, factor: float
) -> None:
    loss = flavour.keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=reduction)
    found = measured(loss, batch["indices"], batch["logits"])
    assert found["factor"] == pytest.approx(factor, rel=1e-5)
    assert (found["reduction"], found["outputs"]) == (reduction, 1.0)
    name = KERAS_LOSSES[int(found["candidate"])]
    assert name == "SparseCategoricalCrossentropy(from_logits=True)"
    probabilities = batch["probabilities"][np.arange(N), batch["indices"]]
    assert found["keras_mean"] == pytest.approx(-np.log(probabilities).mean(), rel=1e-5)


def test_a_weighted_mean_divides_by_the_number_of_rows(flavour: Flavour, batch: Any) -> None:
    weights = np.linspace(0.1, 2.0, N)
    loss = flavour.keras.losses.MeanSquaredError()
    found = measured(loss, batch["one_hot"], batch["logits"], sample_weight=weights)
    rows = np.square(batch["one_hot"] - batch["logits"]).mean(axis=1, dtype=np.float64)
    assert found["keras_mean"] == pytest.approx((rows * weights).sum() / N, rel=1e-6)
    assert found["factor"] == pytest.approx(1.0, rel=1e-5)
    assert found["doubled_ratio"] == pytest.approx(1.0, rel=1e-5)
    assert found["weight_sum"] == pytest.approx(weights.sum())
    assert found["weighted"] is True


HAND_WRITTEN = {
    "MeanAbsoluteError": lambda tf, a, b: tf.reduce_mean(tf.abs(a - b)),
    "Huber": lambda tf, a, b: tf.reduce_sum(
        tf.where(tf.abs(a - b) < 1.0, 0.5 * (a - b) ** 2, tf.abs(a - b) - 0.5)
    ),
    "LogCosh": lambda tf, a, b: tf.reduce_mean(tf.math.log(tf.math.cosh(a - b))),
    "CategoricalCrossentropy(from_logits=True)": lambda tf, a, b: tf.reduce_mean(
        tf.nn.softmax_cross_entropy_with_logits(a, b)
    ),
    "BinaryCrossentropy(from_logits=True)": lambda tf, a, b: tf.reduce_sum(
        tf.nn.sigmoid_cross_entropy_with_logits(a, b)
    ),
    "Hinge": lambda tf, a, b: tf.reduce_mean(tf.maximum(1.0 - (2.0 * a - 1.0) * b, 0.0)),
}


@pytest.mark.parametrize("name", HAND_WRITTEN)
def test_a_function_is_recognised_by_what_it_computes(
    flavour: Flavour, tensorflow: ModuleType, batch: Any, name: str
) -> None:
    loss = lambda a, b: HAND_WRITTEN[name](tensorflow, a, b)  # noqa: E731
    found = measured(loss, batch["one_hot"], batch["logits"], keras=flavour.keras)
    assert found["keras_class"] == name.partition("(")[0]
    assert KERAS_LOSSES[int(found["candidate"])] == name


def test_a_cross_entropy_by_hand_is_recognised_from_probabilities(
    flavour: Flavour, tensorflow: ModuleType, batch: Any
) -> None:
    tf = tensorflow
    loss = lambda a, b: -tf.reduce_sum(a * tf.math.log(b)) / N  # noqa: E731
    found = measured(loss, batch["one_hot"], batch["probabilities"], keras=flavour.keras)
    assert found["keras_class"] == "CategoricalCrossentropy"
    assert found["factor"] == pytest.approx(1.0, rel=1e-4)


def test_sparse_labels_are_recognised_too(
    flavour: Flavour, tensorflow: ModuleType, batch: Any
) -> None:
    loss = tensorflow.nn.sparse_softmax_cross_entropy_with_logits
    found = measured(loss, batch["indices"], batch["logits"], keras=flavour.keras)
    assert found["keras_class"] == "SparseCategoricalCrossentropy"
    assert (found["factor"], found["elements"]) == (pytest.approx(N, rel=1e-5), N)


def test_small_squared_errors_are_not_taken_for_huber(
    flavour: Flavour, tensorflow: ModuleType, batch: Any
) -> None:
    loss = lambda a, b: tensorflow.reduce_mean((a - b) ** 2)  # noqa: E731
    found = measured(loss, batch["one_hot"] / 100, batch["logits"] / 100, keras=flavour.keras)
    assert found["keras_class"] == "MeanSquaredError"
    assert found["factor"] == pytest.approx(1.0, rel=1e-4)


def test_an_unknown_loss_is_not_recognised(
    flavour: Flavour, tensorflow: ModuleType, batch: Any
) -> None:
    loss = lambda a, b: tensorflow.reduce_mean(tensorflow.abs(a - b) ** 1.5)  # noqa: E731
    found = measured(loss, batch["one_hot"], batch["logits"], keras=flavour.keras)
    assert found["keras_class"] is None
    assert math.isnan(found["keras_mean"])
    assert math.isnan(found["candidate"])
    assert math.isnan(found["outputs"])


def test_labels_that_broadcast_are_unchanged_when_permuted(
    flavour: Flavour, tensorflow: ModuleType, batch: Any
) -> None:
    labels = batch["logits"][:, 0]
    predictions = labels[:, np.newaxis] + 0.1 * batch["logits"][:, 1:2]
    loss = lambda a, b: tensorflow.reduce_mean((a - b) ** 2)  # noqa: E731
    found = measured(loss, labels, predictions, keras=flavour.keras)
    assert found["permuted_ratio"] == pytest.approx(1.0, rel=1e-5)
    assert found["broadcast_elements"] == N * N
    assert (found["label_rank"], found["prediction_rank"]) == (1, 2)
    paired = measured(loss, labels[:, np.newaxis], predictions, keras=flavour.keras)
    assert paired["permuted_ratio"] > 10
    assert paired["broadcast_elements"] == N


def test_a_loss_object_of_keras_pairs_ranks_that_differ(flavour: Flavour, batch: Any) -> None:
    labels = batch["logits"][:, 0]
    predictions = labels[:, np.newaxis] + 0.5
    found = measured(flavour.keras.losses.MeanSquaredError(), labels, predictions)
    assert found["measured"] == pytest.approx(0.25, rel=1e-5)


def test_a_loss_that_cannot_take_a_doubled_batch_gives_nan_there(
    tensorflow: ModuleType, batch: Any
) -> None:
    tf = tensorflow
    loss = lambda a, b: tf.reduce_mean((a - tf.reshape(b, (N, C))) ** 2)  # noqa: E731
    found = measured(loss, batch["one_hot"], batch["logits"])
    assert math.isnan(found["doubled"])
    assert found["factor"] == pytest.approx(1.0, rel=1e-5)


def test_one_row_is_enough_to_tell_a_sum_from_a_mean(
    flavour: Flavour, tensorflow: ModuleType, batch: Any
) -> None:
    loss = lambda a, b: tensorflow.reduce_sum((a - b) ** 2)  # noqa: E731
    found = measured(loss, batch["one_hot"][:1], batch["logits"][:1], keras=flavour.keras)
    assert found["factor"] == pytest.approx(C, rel=1e-5)
    assert found["doubled_ratio"] == pytest.approx(2.0, rel=1e-5)
    assert found["labels_alike"] == 1.0


def test_the_value_given_is_summed_as_a_tape_sums_it(batch: Any) -> None:
    arguments = ("mse", batch["one_hot"], batch["logits"])
    assert measured(*arguments, value=[1.0, 2.0, 4.0])["value_given"] == 7.0
    assert math.isnan(measured(*arguments)["value_given"])


def test_what_was_given_is_in_the_facts(flavour: Flavour, batch: Any) -> None:
    found = measured(
        "sparse_categorical_crossentropy",
        batch["indices"],
        batch["probabilities"],
        keras=flavour.keras,
        replicas=2,
        learning_rate=0.5,
    )
    assert (found["label_shape"], found["prediction_shape"]) == ((N,), (N, C))
    assert (found["label_dtype"], found["prediction_dtype"]) == ("int64", "float32")
    assert (found["replicas"], found["learning_rate"]) == (2.0, 0.5)
    assert (found["weighted"], found["taken_from"]) == (False, "arguments")


def test_measuring_in_a_graph_gives_the_same(
    flavour: Flavour, tensorflow: ModuleType, batch: Any
) -> None:
    from tb_bnplugin.keras.losses.measure import (
        LossOptions,
        measure,
        measure_in_graph,
        with_keras_class,
    )

    tf = tensorflow
    loss = lambda a, b: tf.reduce_sum(tf.square(a - b)) / 32.0  # noqa: E731
    options = LossOptions(value=3.0, learning_rate=0.1, keras=flavour.keras)
    traced: list[LossFacts] = []

    def step(labels: Any, predictions: Any) -> Any:
        vector, facts = measure_in_graph(loss, labels, predictions, options)
        traced.append(facts)
        return vector

    spec = [tf.TensorSpec(None), tf.TensorSpec([None, C])]
    vector = tf.function(step, input_signature=spec)(batch["one_hot"], batch["logits"]).numpy()
    eager, facts = measure(loss, batch["one_hot"], batch["logits"], options)
    np.testing.assert_allclose(vector, eager, rtol=1e-6)
    assert traced[0].keras_class is None
    assert with_keras_class(traced[0], vector).keras_class == facts.keras_class


def test_a_loss_that_fails_on_other_data_does_not_end_a_traced_step(
    tensorflow: ModuleType, batch: Any
) -> None:
    from tb_bnplugin.keras.losses.measure import measure_in_graph

    tf = tensorflow
    loss = lambda a, b: tf.reduce_mean((a - tf.reshape(b, (N, C))) ** 2)  # noqa: E731
    spec = [tf.TensorSpec([None, C])] * 2
    traced = tf.function(lambda a, b: measure_in_graph(loss, a, b)[0], input_signature=spec)
    vector = traced(batch["one_hot"], batch["logits"]).numpy()
    columns = dict(zip(LOSS_COLUMNS, vector, strict=True))
    assert math.isnan(columns["doubled"])
    assert columns["measured"] == pytest.approx(columns["keras_mean"], rel=1e-5)


def test_nothing_is_recorded_on_the_users_tape(tensorflow: ModuleType, batch: Any) -> None:
    from tb_bnplugin.keras.losses.measure import measure

    tf = tensorflow
    predictions = tf.Variable(batch["logits"])
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        measure("mse", batch["one_hot"], predictions)
        tape.watch(predictions)
        own = tf.reduce_sum(predictions**2)
        measure("mse", batch["one_hot"], own * predictions)
    np.testing.assert_allclose(tape.gradient(own, predictions), 2 * batch["logits"])


def test_a_mean_in_a_replica_is_measured_as_keras_divides_it(
    flavour: Flavour, tensorflow: ModuleType, batch: Any
) -> None:
    """From 3.8 on a loss object divides its mean by the replicas; no Keras divides one's own."""
    from tb_bnplugin.keras.losses.measure import measure_in_graph

    tf = tensorflow
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    losses = [(1.0, lambda a, b: tf.reduce_mean((a - b) ** 2))]
    if flavour.name == "keras3":  # tf_keras refuses a mean in a strategy, with its own error
        version = f"keras {flavour.keras.__version__}"
        divided = keras_facts.fact(version, "mean_loss_divided_by_replicas")
        losses.append((0.5 if divided else 1.0, flavour.keras.losses.MeanSquaredError()))
    for expected, loss in losses:
        step = tf.function(
            lambda loss=loss: strategy.run(
                lambda: measure_in_graph(loss, batch["one_hot"], batch["logits"])[0]
            )
        )
        for vector in strategy.experimental_local_results(step()):
            columns = dict(zip(LOSS_COLUMNS, vector.numpy(), strict=True))
            assert columns["replicas"] == 2.0
            assert columns["measured"] / columns["keras_mean"] == pytest.approx(expected, rel=1e-5)
            assert columns["doubled"] / columns["measured"] == pytest.approx(1.0, rel=1e-5)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((3, [[1.0]], [[1.0]]), TypeError, "received int"),
        ((dict, [[1.0]], [[1.0]]), TypeError, "received the class dict"),
        (("mse", None, [[1.0]]), TypeError, "y_true is None"),
        (("mse", [[1.0]], "one"), TypeError, "y_pred must be one dense tensor"),
        (("mse", [[1.0]], np.array([["a"]])), TypeError, "must hold numbers"),
        (("mse", 1.0, 2.0), ValueError, "needs a batch axis"),
        (("mse", np.zeros((0, 2)), np.zeros((0, 2))), ValueError, "needs a batch axis"),
        (("no such loss", [[1.0]], [[1.0]]), ValueError, "no such loss"),
    ],
)
def test_wrong_arguments_say_what_was_received(
    flavour: Flavour, arguments: Any, error: type[Exception], words: str
) -> None:
    from tb_bnplugin.keras.losses.measure import LossOptions, measure

    loss, labels, predictions = arguments
    with pytest.raises(error, match=words):
        measure(loss, labels, predictions, LossOptions(keras=flavour.keras))


def test_a_loss_that_captures_tensors_of_its_graph_is_measured_as_given(
    tensorflow: ModuleType, batch: Any
) -> None:
    from tb_bnplugin.keras.losses.measure import measure_in_graph

    tf = tensorflow

    def step(labels: Any, predictions: Any, scale: Any) -> Any:
        loss = lambda a, b: scale * tf.reduce_mean((a - b) ** 2)  # noqa: E731
        return measure_in_graph(loss, labels, predictions)[0]

    vector = tf.function(step)(batch["one_hot"], batch["logits"], tf.constant(3.0)).numpy()
    columns = dict(zip(LOSS_COLUMNS, vector, strict=True))
    mean = np.square(batch["one_hot"] - batch["logits"]).mean(dtype=np.float64)
    assert columns["measured"] == pytest.approx(3.0 * mean, rel=1e-5)
    assert columns["batch"] == N
    for unknown in ("doubled", "permuted", "keras_mean"):
        assert math.isnan(columns[unknown])


def test_a_loss_that_branches_on_a_tensor_is_converted_as_in_the_users_step(
    tensorflow: ModuleType, batch: Any
) -> None:
    from tb_bnplugin.keras.losses.measure import measure_in_graph

    tf = tensorflow

    def branching(labels: Any, predictions: Any) -> Any:
        loss = tf.reduce_mean((labels - predictions) ** 2)
        if loss > 0.0:
            loss = 2.0 * loss
        return loss

    step = tf.function(lambda a, b: measure_in_graph(branching, a, b)[0])
    vector = step(batch["one_hot"], batch["logits"]).numpy()
    columns = dict(zip(LOSS_COLUMNS, vector, strict=True))
    assert columns["measured"] / columns["keras_mean"] == pytest.approx(2.0, rel=1e-5)
    assert columns["doubled"] / columns["measured"] == pytest.approx(1.0, rel=1e-5)
