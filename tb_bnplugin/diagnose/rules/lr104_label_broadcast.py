"""Labels meet predictions that are not theirs: shapes broadcast, and nothing fails.

What it sees:
    Labels and predictions whose shapes broadcast to more values than either has, in a loss that
    does not change when the labels are given to other rows. And class numbers that a loss of
    numbers compares with every output of their row.

Why it matters:
    `y - y_pred` of shapes (N,) and (N, 1) is N x N. The loss compares every prediction with every
    label, so that the best the model can learn is the mean of all labels. With labels (N, 1),
    ten outputs and "mse" each output is trained to the class's number. Nothing fails.

How it decides:
    Error: labels and predictions differ in shape and broadcast to more elements than either, and
    in every measurement the loss with the labels rolled by one row is the same within 0.01 %,
    although the labels are not all alike; it is another one where the labels are given the shape
    of the predictions; and on the first rows it is the mean, the sum, or the root mean square of
    the loss over every pair of rows. All are needed: Keras' loss classes align the shapes,
    contrastive losses ignore labels on purpose, and some compare sorted values. Warning: in every
    measurement a row has one label, a whole number below the number of its outputs, and the loss
    is a squared or absolute error, Huber or log-cosh.

What to do:
    Give both the same shape:

        loss = loss_fn(y[:, None], model(x))

    For classes use "sparse_categorical_crossentropy", or one-hot labels.

When it is fine:
    Never where labels are meant to be met by their own predictions. Several outputs that all
    estimate one whole number (an ensemble): declare it with `expect=("LR104",)`.

References:
    https://github.com/tensorflow/tensorflow/issues/28901,
    https://github.com/keras-team/keras/issues/14627,
    https://github.com/keras-team/keras/issues/16836
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import Mask, settle
from tb_bnplugin.diagnose.evidence.losses import NOTHING_MEASURED, keras_class_of, loss_column
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import PAIRED_ROWS, LossHistory, ModelHistory

RULE: Final = Rule(code="LR104", name="label-broadcast", severity="error")

ALL_PAIRS_WITHIN: Final = 1e-3
"""Relative. Sums of 64 float32 terms in another order differ by some 1e-6, in float16 by some
1e-3."""

SAME_WITHIN: Final = 1e-4
"""Relative. Adding the same terms in another order changes a float32 mean by some 1e-6; labels that
were paired with other rows change a loss by far more than 0.01 %."""


BY_ELEMENT: Final = (
    *("MeanSquaredError", "MeanAbsoluteError", "MeanSquaredLogarithmicError"),
    *("Huber", "LogCosh"),
)
"""Losses of numbers, which compare value by value; those of classes take class numbers."""


def check(history: ModelHistory) -> tuple[Outcome, ...]:
    """Whether labels meet the predictions of other rows, one outcome a loss."""
    if not history.losses:
        return (RULE.not_checked(NOTHING_MEASURED),)
    return settle(_check_loss(loss) for loss in history.losses)


def _check_loss(loss: LossHistory) -> Outcome:
    measured, permuted = loss_column(loss, "measured"), loss_column(loss, "permuted")
    labels, predictions = (
        loss_column(loss, "label_elements"),
        loss_column(loss, "prediction_elements"),
    )
    broadcast = loss_column(loss, "broadcast_elements")
    known = np.isfinite(labels) & np.isfinite(predictions)
    if not known.any():
        return RULE.not_checked(f"{loss.name}: the sizes of labels and predictions are not known")
    if (classes := _classes_as_numbers(loss)) is not None:
        return classes
    larger = known & (broadcast > np.maximum(labels, predictions))
    if not larger.any():
        return RULE.ok(f"{loss.name}: labels and predictions do not broadcast to more values.")
    usable = larger & np.isfinite(measured) & np.isfinite(permuted) & (measured != 0.0)
    usable &= loss_column(loss, "labels_alike") == 0
    if not usable.any():
        return RULE.not_checked(
            f"{loss.name}: labels and predictions broadcast, but whether the loss pairs them"
            " cannot be told from rows whose labels are alike, or from a loss of 0"
        )
    change = np.abs(permuted[usable] - measured[usable]) / np.abs(measured[usable])
    if not (change <= SAME_WITHIN).all():
        return RULE.ok(f"{loss.name} pairs each label with its own prediction.")
    paired = loss_column(loss, "paired")[usable]
    apart = np.abs(paired - measured[usable]) > SAME_WITHIN * np.abs(measured[usable])
    if not (apart & _all_pairs(loss)[usable]).any():
        return RULE.not_checked(
            f"{loss.name}: labels and predictions broadcast, but the loss is not seen to be that"
            " of all pairs: it ignores the labels, compares in another way, or all predictions are"
            " alike"
        )
    steps = loss.steps[usable]
    return RULE.finding(
        message=(
            f"{loss.name} compares every label with every prediction: labels"
            f" {_shape(loss, 'label_shape')} and predictions {_shape(loss, 'prediction_shape')}"
            f" broadcast to {broadcast[usable][-1]:.6g} values, and giving the labels to other rows"
            " changes nothing."
        ),
        fix=_fix(loss),
        evidence={
            "loss": loss.name,
            "label_elements": float(labels[usable][-1]),
            "prediction_elements": float(predictions[usable][-1]),
            "broadcast_elements": float(broadcast[usable][-1]),
            "measured": float(measured[usable][-1]),
            "permuted": float(permuted[usable][-1]),
            "paired": float(paired[-1]),
        },
        steps=(int(steps[0]), int(steps[-1])),
    )


def _all_pairs(loss: LossHistory) -> Mask:
    """Measurements [records] in which the loss is that of every label with every prediction."""
    ratio, root = loss_column(loss, "pairs_ratio"), loss_column(loss, "pairs_root_ratio")
    rows = np.minimum(loss_column(loss, "batch"), PAIRED_ROWS)
    expected = np.stack([ratio, ratio / rows, root, root / rows])
    return np.asarray((np.abs(expected - 1.0) <= ALL_PAIRS_WITHIN).any(axis=0), bool)


def _classes_as_numbers(loss: LossHistory) -> Outcome | None:
    """A finding where every output of a row is compared with the number of the row's class."""
    classes = loss_column(loss, "labels_are_classes") == 1
    if keras_class_of(loss) not in BY_ELEMENT or not classes.all():
        return None
    outputs = int(
        loss_column(loss, "prediction_elements")[-1] / loss_column(loss, "label_elements")[-1]
    )
    return RULE.finding(
        message=(
            f"{loss.name} compares each of the {outputs} outputs of a row with one number, the"
            f" label: labels {_shape(loss, 'label_shape')} look like classes, predictions are"
            f" {_shape(loss, 'prediction_shape')}."
        ),
        fix=(
            "For classes use `SparseCategoricalCrossentropy`, or one-hot labels:"
            " `y = keras.utils.to_categorical(y)`."
        ),
        evidence={
            "loss": loss.name,
            "keras_class": keras_class_of(loss),
            "outputs": outputs,
            "label_elements": float(loss_column(loss, "label_elements")[-1]),
        },
        steps=(int(loss.steps[0]), int(loss.steps[-1])),
        severity="warning",
    )


def _shape(loss: LossHistory, key: str) -> str:
    shape = getattr(loss.facts, key, None)
    if shape is None:
        return "of a smaller rank" if key == "label_shape" else "of a larger one"
    sizes = ["None" if size is None else str(size) for size in shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def _fix(loss: LossHistory) -> str:
    label_rank = loss_column(loss, "label_rank")[-1]
    prediction_rank = loss_column(loss, "prediction_rank")[-1]
    if label_rank > prediction_rank:
        return "Give both the same shape: `y = tf.squeeze(y, axis=-1)`."
    return (
        "Give both the same shape: `y = y[..., None]`, or `y_pred = tf.squeeze(y_pred, axis=-1)`."
    )
