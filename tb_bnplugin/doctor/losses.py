"""Questions about losses and "accuracy" in `fit` and `evaluate`."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tb_bnplugin.doctor.bench import Bench, X
from tb_bnplugin.doctor.question import Question, one_of, yes_no


def accuracy_of_class_labels(bench: Bench) -> str:
    """Labels that are class numbers, as argmax gives them."""
    labels = np.array([0, 1, 2, 0])
    return _accuracy(bench, labels, loss="sparse_categorical_crossentropy")


def accuracy_of_one_hot_labels(bench: Bench) -> str:
    """One-hot labels."""
    labels = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]
    return _accuracy(bench, labels, loss="categorical_crossentropy")


def accuracy_of_several_labels(bench: Bench) -> str:
    """Several labels a row, each yes or no, with binary_crossentropy."""
    labels = np.array([[1, 0, 1], [0, 1, 1], [1, 1, 0], [0, 0, 1]], np.float32)
    return _accuracy(bench, labels, loss="binary_crossentropy")


def accuracy_of_argmax_of_both(bench: Bench) -> str:
    """A test_step that hands class numbers for labels and predictions alike."""
    tf = bench.tf

    class Model(bench.keras.Model):  # type: ignore[name-defined]
        def test_step(self, data: Any) -> Any:
            rows, labels = data
            classes = tf.argmax(self(rows, training=False), axis=-1)
            metrics = getattr(self, "_compile_metrics", None) or self.compiled_metrics
            metrics.update_state(labels, classes)
            return {"seen": tf.constant(0.0)}

    inputs = bench.input()
    model = Model(inputs, bench.keras.layers.Dense(3)(inputs))
    bench.compiled(model, metrics=["accuracy"])
    model.evaluate(X, np.array([0, 1, 2, 0]), verbose=0)
    return _resolved(model)


def _accuracy(bench: Bench, labels: Any, *, loss: str) -> str:
    inputs = bench.input()
    model = bench.keras.Model(inputs, bench.keras.layers.Dense(3, "softmax")(inputs))
    bench.compiled(model, loss=loss, metrics=["accuracy"])
    model.evaluate(X, labels, verbose=0)
    return _resolved(model)


def _resolved(model: Any) -> str:
    """The class whose formula stands behind the metric named "accuracy"."""
    nested = [getattr(metric, "metrics", None) or [metric] for metric in model.metrics]
    (metric,) = (part for parts in nested for part in parts if part.name == "accuracy")
    function = metric._fn.__name__  # a metric that compile resolved wraps a function
    return "".join(word.capitalize() for word in function.split("_"))


def own_test_step(bench: Bench) -> str:
    """A test_step that returns the loss it computed: 2 on the first batch, 4 on the second."""
    tf = bench.tf

    class Model(bench.keras.Model):  # type: ignore[name-defined]
        def test_step(self, data: Any) -> Any:
            rows, labels = data
            self(rows, training=False)
            return {"loss": tf.reduce_mean(labels)}

    inputs = bench.input()
    model = bench.compiled(Model(inputs, bench.head()(inputs)))
    labels = np.array([[2.0], [2.0], [4.0], [4.0]], np.float32)
    given = model.evaluate(X, labels, batch_size=2, verbose=0, return_dict=True)
    return {3.0: "mean", 4.0: "last_batch", 0.0: "untouched_metric"}[float(given["loss"])]


def compiled_loss_logged(bench: Bench) -> bool:
    """A train_step with compiled_loss and compiled_metrics, of what loss it logs."""
    tf = bench.tf

    class Model(bench.keras.Model):  # type: ignore[name-defined]
        def train_step(self, data: Any) -> Any:
            rows, labels = data
            with tf.GradientTape() as tape:
                out = self(rows, training=True)
                loss = self.compiled_loss(labels, out)
            weights = self.trainable_variables
            self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
            self.compiled_metrics.update_state(labels, out)
            return {metric.name: metric.result() for metric in self.metrics}

    inputs = bench.input()
    same = bench.keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    model = bench.compiled(Model(inputs, same(inputs)), metrics=["mae"])
    logged = bench.fit(model, X, X - 3.0).history["loss"][0]
    return abs(float(np.mean(np.asarray(logged))) - 9.0) < 1e-3


def _metric(value: Any) -> str:
    return f'"accuracy" is computed as {value}.'


QUESTIONS: Final = (
    Question(
        name="accuracy_of_class_labels",
        asks='What does "accuracy" become where labels are class numbers (argmax)?',
        measure=accuracy_of_class_labels,
        means=_metric,
    ),
    Question(
        name="accuracy_of_one_hot_labels",
        asks='What does "accuracy" become where labels are one-hot?',
        measure=accuracy_of_one_hot_labels,
        means=_metric,
    ),
    Question(
        name="accuracy_of_several_labels",
        asks='What does "accuracy" become where a row has several labels, each yes or no?',
        measure=accuracy_of_several_labels,
        means=lambda value: (
            _metric(value)
            + ("" if value == "BinaryAccuracy" else " Name BinaryAccuracy() instead.")
        ),
    ),
    Question(
        name="accuracy_of_argmax_of_both",
        asks='What does "accuracy" become where labels and predictions are class numbers?',
        measure=accuracy_of_argmax_of_both,
        means=lambda value: (
            _metric(value)
            + ("" if value == "Accuracy" else " It is wrong there: hand it the probabilities.")
        ),
    ),
    Question(
        name="own_test_step_loss_in_evaluate",
        asks="What does evaluate give where test_step returns a loss it computed itself?",
        measure=own_test_step,
        means=one_of(
            mean="evaluate averages what test_step returns.",
            last_batch="It is the last batch's loss, not a mean: update a Mean metric instead.",
            untouched_metric="It is 0, from a metric nobody updated: update a Mean metric instead.",
        ),
    ),
    Question(
        name="compiled_loss_program_logs_its_loss",
        asks="Does a train_step with compiled_loss and compiled_metrics log its loss?",
        measure=compiled_loss_logged,
        means=yes_no(
            yes="The loss shown is the loss differentiated.",
            no="The loss shown is not the one differentiated: use compute_loss and a Mean metric.",
        ),
    ),
)
