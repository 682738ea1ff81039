"""Questions about labels whose shape differs from that of the predictions."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tb_bnplugin.doctor.bench import Bench, X
from tb_bnplugin.doctor.question import Question, one_of

VECTOR: Final = X[:, 0]  # (N,) labels that equal the (N, 1) predictions: the right loss is 0


def with_name(bench: Bench) -> str:
    """The loss "mse"."""
    return _labels_in_fit(bench, "mse")


def with_object(bench: Bench) -> str:
    """A loss object of Keras."""
    return _labels_in_fit(bench, bench.keras.losses.MeanSquaredError())


def with_subclass(bench: Bench) -> str:
    """A subclass of Loss."""
    tf = bench.tf

    class Own(bench.keras.losses.Loss):  # type: ignore[name-defined]
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return tf.reduce_mean(tf.square(y_true - y_pred), axis=-1)

    return _labels_in_fit(bench, Own())


def with_function(bench: Bench) -> str:
    """A function of one's own."""
    tf = bench.tf
    return _labels_in_fit(bench, lambda y, out: tf.reduce_mean(tf.square(y - out), axis=-1))


def class_numbers_with_mse(bench: Bench) -> str:
    """Labels (N,) that are class numbers, three outputs, the loss "mse"."""
    return _class_numbers_in_fit(bench, np.array([0.0, 1.0, 2.0, 0.0]))


def class_column_with_mse(bench: Bench) -> str:
    """Labels (N, 1) that are class numbers, three outputs, the loss "mse"."""
    return _class_numbers_in_fit(bench, np.array([[0.0], [1.0], [2.0], [0.0]]))


def _class_numbers_in_fit(bench: Bench, labels: Any) -> str:
    inputs = bench.input()
    model = bench.compiled(bench.keras.Model(inputs, bench.keras.layers.Dense(3)(inputs)))
    return "raises" if _fit(bench, model, labels) is None else "broadcast"


def object_in_loop(bench: Bench) -> str:
    """A loss object called on tensors."""
    return _labels_in_loop(bench, bench.keras.losses.MeanSquaredError())


def function_in_loop(bench: Bench) -> str:
    """The function keras.losses.mean_squared_error called on tensors."""
    return _labels_in_loop(bench, bench.keras.losses.mean_squared_error)


def _labels_in_fit(bench: Bench, loss: Any) -> str:
    """How the labels are treated, told by the loss of a model that returns its input."""
    inputs = bench.input()
    same = bench.keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    model = bench.compiled(bench.keras.Model(inputs, same(inputs)), loss=loss)
    value = _fit(bench, model, VECTOR)
    return "raises" if value is None else _verdict(value)


def _fit(bench: Bench, model: Any, labels: Any) -> Any:
    """The loss that one step of fit tells, None where the labels are refused."""
    try:
        return bench.fit(model, X, labels).history["loss"][0]
    except (ValueError, TypeError, bench.tf.errors.InvalidArgumentError):
        return None


def _labels_in_loop(bench: Bench, loss: Any) -> str:
    try:
        value = loss(bench.tf.constant(VECTOR), bench.rows())
    except (ValueError, TypeError, bench.tf.errors.InvalidArgumentError):
        return "raises"
    return _verdict(value)


def _verdict(loss: Any) -> str:
    return "aligned" if float(np.mean(np.asarray(loss))) < 1e-6 else "broadcast"


_LABELS: Final = one_of(
    aligned="Labels are brought to the shape of the predictions; nothing is lost.",
    broadcast="Nothing raises, and every prediction is compared with every label: give (N, 1).",
    raises="The mistake is refused.",
)


_CLASSES: Final = one_of(
    broadcast="Nothing raises, and all outputs are drawn to the class number: give one-hot labels.",
    raises="The mistake is refused.",
)


QUESTIONS: Final = (
    Question(
        name="vector_labels_in_fit_with_name",
        asks='Labels (N,), predictions (N, 1), fit with loss="mse": what happens?',
        measure=with_name,
        means=_LABELS,
    ),
    Question(
        name="vector_labels_in_fit_with_object",
        asks="Labels (N,), predictions (N, 1), fit with MeanSquaredError(): what happens?",
        measure=with_object,
        means=_LABELS,
    ),
    Question(
        name="vector_labels_in_fit_with_subclass",
        asks="Labels (N,), predictions (N, 1), fit with a subclass of Loss: what happens?",
        measure=with_subclass,
        means=_LABELS,
    ),
    Question(
        name="vector_labels_in_fit_with_function",
        asks="Labels (N,), predictions (N, 1), fit with an own function: what happens?",
        measure=with_function,
        means=_LABELS,
    ),
    Question(
        name="vector_labels_in_loop_with_object",
        asks="Labels (N,), predictions (N, 1), tensors to MeanSquaredError(): what happens?",
        measure=object_in_loop,
        means=_LABELS,
    ),
    Question(
        name="vector_labels_in_loop_with_function",
        asks="Labels (N,), predictions (N, 1), tensors to mean_squared_error: what happens?",
        measure=function_in_loop,
        means=_LABELS,
    ),
    Question(
        name="class_numbers_in_fit_with_mse",
        asks='Class numbers (N,), three outputs, fit with loss="mse": what happens?',
        measure=class_numbers_with_mse,
        means=_CLASSES,
    ),
    Question(
        name="class_column_in_fit_with_mse",
        asks='Class numbers (N, 1), three outputs, fit with loss="mse": what happens?',
        measure=class_column_with_mse,
        means=_CLASSES,
    ),
)
