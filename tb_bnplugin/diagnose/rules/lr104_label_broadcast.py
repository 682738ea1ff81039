"""Labels are compared with the predictions of other rows: shapes broadcast, and no error is raised.

What it sees:
    Labels and predictions whose shapes broadcast to more values than either has, in a loss that
    does not change when the labels are moved to other rows. And class numbers that a loss of
    numbers compares with every output of their row.

Why it matters:
    `y - y_pred` of shapes (N,) and (N, 1) is N x N. The loss compares every prediction with every
    label, so the best that the model can learn is the mean of all labels. With labels (N, 1),
    ten outputs and "mse", each output is trained to the number of the class. No error is raised.

How it decides:
    Error: labels and predictions differ in shape and broadcast to more elements than either, and in
    every measurement the loss with the labels rolled by one row is the same within 0.01 %, although
    the labels are not all alike. It is another loss once the labels have the shape of the
    predictions. And on the first rows it is the mean, the sum, or the root mean square of the loss
    over every pair of rows, which differs from pair to pair. All are needed: Keras' loss classes
    align the shapes, contrastive losses ignore labels on purpose, and some compare sorted values.
    Where the shapes are equal and the loss broadcasts within, the rows are measured alone. Where
    sizes differ, one column of labels or predictions is taken off, or rows have weights: on the
    first rows the loss is not that of the rows alone, and is the mean, the sum or the root mean
    square of that of single rows that have this part (the labels, a column, the weight) of one row
    and the rest of another. So it is for a matrix of targets and a vector of predictions. Warning:
    in every measurement a row has one label, a whole number below the number of its outputs, and
    the loss is a squared or absolute error, Huber or log-cosh.

    In a `train_step` of the program's own that measures no loss, with one prediction and one label
    a row: the gradient at the predictions is that of the mean over all pairs of a prediction with
    the label of any row, with a cosine of 1 to within 1e-4 in every record, and that of Keras'
    mean of the compiled loss has a cosine below 0.999.

What to do:
    Give both the same shape:

        loss = loss_fn(y[:, None], model(x))

    For classes use "sparse_categorical_crossentropy", or one-hot labels.

When it is fine:
    Never, if each label belongs to its own prediction. If several outputs all estimate one whole
    number (an ensemble), declare it with `expect=("LR104",)`.

References:
    https://github.com/tensorflow/tensorflow/issues/28901,
    https://github.com/keras-team/keras/issues/14627,
    https://github.com/keras-team/keras/issues/16836
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.by_gradient import check_pairs
from tb_bnplugin.diagnose.by_loss import check_differentiated
from tb_bnplugin.diagnose.evidence import losses
from tb_bnplugin.diagnose.evidence.layers import Mask
from tb_bnplugin.diagnose.evidence.losses import loss_column, value_at
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import (
    ALL_PAIRS_APART,
    ALL_PAIRS_WITHIN,
    PAIRED_ROWS,
    PAIRS_OF,
    Floats,
    LossHistory,
    ModelHistory,
)
from tb_bnplugin.printed import num

RULE: Final = Rule(code="LR104", name="label-broadcast", severity="error")

SAME_WITHIN: Final = 1e-4
"""Relative. Adding the same terms in another order changes a float32 mean by some 1e-6; labels that
were paired with other rows change a loss by far more than 0.01 %."""

MATTERS_MORE: Final = 20.0
"""Times that the pairing of rows must change a loss more than moving the labels does. A loss of all
pairs is moved by rounding alone; one of near alike predictions by half of that or more."""

_PARTS: Final = {
    "labels": (
        "the label",
        (
            "Within the loss, keep the axis of the predictions, `y_pred[:, i:i + 1]`, or take that"
            " of the labels off: `tf.squeeze(y, axis=-1)`."
        ),
    ),
    "weights": (
        "the weight",
        (
            "Give the weights the shape of the losses of the rows:"
            " `tf.squeeze(sample_weight, axis=-1)`."
        ),
    ),
    "targets": (
        "the target",
        (
            "Make targets of one number a row: two parts of them have the shapes (N, 1) and (N,),"
            " so take the axis off the first, `tf.squeeze(reward, axis=-1)`."
        ),
    ),
}
"""Parts that meet the rest of every row, by PAIRS_OF, and the cure."""

_OF_COLUMNS: Final = (
    "Within the loss, take columns of labels and predictions alike: all with their axis, as"
    " `y_pred[:, i:i + 1]`, or all without, as `y_pred[:, i]`."
)

BY_ELEMENT: Final = (
    *("MeanSquaredError", "MeanAbsoluteError", "MeanSquaredLogarithmicError"),
    *("Huber", "LogCosh"),
)
"""Losses of numbers, which compare value by value; those of classes take class numbers."""


def check(history: ModelHistory) -> Iterator[Outcome]:
    """Look for labels that meet the predictions of other rows, one outcome a loss."""
    return check_differentiated(RULE, history, _check_loss, check_pairs)


def _check_loss(loss: LossHistory) -> Outcome:
    # labels (16,), predictions (16, 1): 16 and 16 elements, broadcast to 256
    # measured 2.37, labels rolled by a row 2.37: the same, so rows do not matter
    # labels as (16, 1): 0.01, another loss, so its own label would have mattered
    # over all pairs of rows: 2.37, which is the finding
    mixed = _mixed_rows(loss)
    if mixed.any():
        return _of_mixed_rows(loss, mixed)
    labels, predictions = (
        loss_column(loss, "label_elements"),
        loss_column(loss, "prediction_elements"),
    )
    known = np.isfinite(labels) & np.isfinite(predictions)
    if not known.any():
        return RULE.not_checked(f"The sizes of labels and predictions of {loss.name} are unknown.")
    if (loss_column(loss, "labels_are_classes") == 1).all() and (
        losses.keras_class(loss) in BY_ELEMENT
    ):
        return _classes_as_numbers(loss)
    measured, rolled = loss_column(loss, "measured"), loss_column(loss, "permuted")
    larger = known & (loss_column(loss, "broadcast_elements") > np.maximum(labels, predictions))
    alike = loss_column(loss, "label_rank") == loss_column(loss, "prediction_rank")
    within = known & alike & (labels == predictions)
    within &= np.isfinite(loss_column(loss, "pairs_ratio")) & ~larger
    if not (larger | within).any():
        return _same_shape(loss, measured, rolled)
    larger = larger if larger.any() else within
    usable = larger & np.isfinite(measured) & np.isfinite(rolled) & (measured != 0.0)
    usable &= loss_column(loss, "labels_alike") == 0
    if not usable.any():
        return RULE.not_checked(
            f"Labels and predictions of {loss.name} broadcast, but rows with equal labels, or a"
            " loss of 0, do not show if the loss pairs them."
        )
    tolerance = SAME_WITHIN * np.abs(measured)
    if not (np.abs(rolled - measured) <= tolerance)[usable].all():
        return RULE.ok(f"{loss.name} pairs each label with its own prediction.")
    # where pairing matters little, as with predictions that are nearly alike, nothing is shown
    matters = np.maximum(tolerance, MATTERS_MORE * np.abs(rolled - measured))
    apart = np.abs(loss_column(loss, "paired") - measured) > matters
    if not (apart & _all_pairs(loss))[usable].any():
        return RULE.not_checked(
            f"Labels and predictions of {loss.name} broadcast, but the loss does not appear to be"
            " that of all pairs: it ignores the labels, compares in another way, or all"
            " predictions are alike."
        )
    return _finding(loss, usable)


def _same_shape(loss: LossHistory, measured: Floats, rolled: Floats) -> Outcome:
    """The outcome where labels and predictions have one shape, and nothing seems to broadcast."""
    usable = np.isfinite(measured) & np.isfinite(rolled) & (loss_column(loss, "labels_alike") == 0)
    if not usable.any():
        return RULE.not_checked(
            f"All labels of {loss.name} are alike: they do not show if it pairs."
        )
    if (np.abs(rolled - measured) > SAME_WITHIN * np.abs(measured))[usable].any():
        return RULE.ok(f"{loss.name} pairs each label with its own prediction.")
    return RULE.not_checked(f"{loss.name} is the same with the labels of other rows.")


def _all_pairs(loss: LossHistory) -> Mask:
    """Measurements [records] in which the loss is that of every label with every prediction."""
    ratio, root = loss_column(loss, "pairs_ratio"), loss_column(loss, "pairs_root_ratio")
    rows = np.minimum(loss_column(loss, "batch"), PAIRED_ROWS)
    expected = np.stack([ratio, ratio / rows, ratio / rows**2, root, root / rows])
    return np.asarray((np.abs(expected - 1.0) <= ALL_PAIRS_WITHIN).any(axis=0), bool)


def _mixed_rows(loss: LossHistory) -> Mask:
    """Measurements [records] in which a part of each row meets the rest of every row."""
    measured, paired = loss_column(loss, "measured"), loss_column(loss, "paired")
    apart = np.abs(paired - measured) > ALL_PAIRS_APART * np.abs(measured)
    known = np.isin(loss_column(loss, "pairs_of"), np.arange(len(PAIRS_OF)))
    return np.asarray(known & apart & _all_pairs(loss), bool)


def _of_mixed_rows(loss: LossHistory, usable: Mask) -> Outcome:
    """The finding where labels have another size, or only a part of each row is paired wrongly."""
    columns = ("measured", "paired", "pairs_of", "pairs_column")
    evidence = {name: value_at(loss, name, usable) for name in columns}
    of, column = PAIRS_OF[int(evidence["pairs_of"])], evidence["pairs_column"]
    if np.isfinite(column):
        what, fix = f"column {int(column)} of the {of}", _OF_COLUMNS
    else:
        what, fix = _PARTS.get(of, _PARTS["labels"])
    return RULE.finding(
        message=(
            f"{loss.name} compares rows with other rows: {what} of every row meets the rest of"
            f" every row ({_shapes(loss, ', ')}). It is the loss of all pairs of rows, and not that"
            " of the rows."
        ),
        fix=fix,
        evidence={"loss": loss.name}
        | {name: number for name, number in evidence.items() if np.isfinite(number)},
        steps=losses.steps_of(loss, usable),
    )


def _finding(loss: LossHistory, usable: Mask) -> Outcome:
    columns = (
        *("label_elements", "prediction_elements", "broadcast_elements"),
        *("measured", "permuted", "paired"),
    )
    newest = {name: value_at(loss, name, usable) for name in columns}
    if newest["label_elements"] == newest["broadcast_elements"]:
        return _within(loss, newest, usable)
    fix = "Give both the same shape: `y = y[..., None]`, or `y_pred = tf.squeeze(y_pred, axis=-1)`."
    if loss_column(loss, "label_rank")[-1] > loss_column(loss, "prediction_rank")[-1]:
        fix = "Give both the same shape: `y = tf.squeeze(y, axis=-1)`."
    return RULE.finding(
        message=(
            f"{loss.name} compares every label with every prediction: {_shapes(loss, ' and ')}"
            f" broadcast to {num(newest['broadcast_elements'])} values, and moving the labels to"
            " other rows changes nothing."
        ),
        fix=fix,
        evidence={"loss": loss.name, **newest},
        steps=losses.steps_of(loss, usable),
    )


def _within(loss: LossHistory, newest: dict[str, float], usable: Mask) -> Outcome:
    """The finding where shapes are equal, and the loss takes an axis off one of the two."""
    return RULE.finding(
        message=(
            f"{loss.name} compares every label with every prediction: it is the mean over all pairs"
            " of rows, though both have the same shape, so an axis is lost within the loss."
        ),
        fix=(
            "Within the loss, take an axis off both or off neither:"
            " `tf.square(tf.squeeze(y, -1) - tf.squeeze(y_pred, -1))`."
        ),
        evidence={"loss": loss.name, **newest},
        steps=losses.steps_of(loss, usable),
    )


def _classes_as_numbers(loss: LossHistory) -> Outcome:
    """The finding where every output of a row is compared with the number of the row's class."""
    every = np.ones(len(loss.steps), bool)
    labels = value_at(loss, "label_elements", every)
    outputs = int(value_at(loss, "prediction_elements", every) / labels)
    return RULE.finding(
        message=(
            f"{loss.name} compares each of the {outputs} outputs of a row with one number, the"
            f" label, which looks like a class: {_shapes(loss, ', ')}."
        ),
        fix=(
            "For classes use `SparseCategoricalCrossentropy()`, with `from_logits=True` where the"
            " outputs are no probabilities. Or give one-hot labels:"
            " `y = keras.utils.to_categorical(y)`."
        ),
        evidence={
            "loss": loss.name,
            "keras_class": losses.keras_class(loss),
            "outputs": outputs,
            "label_elements": labels,
        },
        steps=losses.steps_of(loss, every),
        severity="warning",
    )


def _shapes(loss: LossHistory, between: str) -> str:
    labels, predictions = losses.shapes(loss)
    return (
        f"labels {'of a smaller rank' if labels is None else losses.shape_text(labels)}{between}"
        "predictions"
        f" {'of a larger rank' if predictions is None else losses.shape_text(predictions)}"
    )
