"""Labels of shape (N,) against predictions of shape (N, 1): every label meets every prediction.

What it sees:
    Labels and predictions whose shapes broadcast to more values than either has, in a loss that
    does not change when the labels are given to other rows.

Why it matters:
    `y - y_pred` of shapes (N,) and (N, 1) is N x N. The loss compares every prediction with every
    label, so that the best the model can learn is the mean of all labels. Nothing fails.

How it decides:
    Labels and predictions differ in shape and broadcast to more elements than either, and in every
    measurement the loss with the labels rolled by one row is the same within 0.01 %, although
    the labels are not all alike. Both are needed: Keras' loss classes align the shapes, and
    contrastive losses ignore labels on purpose.

What to do:
    Give both the same shape:

        loss = loss_fn(y[:, None], model(x))

When it is fine:
    Never where labels are meant to be met by their own predictions.

References:
    https://github.com/tensorflow/tensorflow/issues/28901,
    https://github.com/keras-team/keras/issues/14627
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence import settle
from tb_bnplugin.diagnose.losses import NOTHING_MEASURED, loss_column
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history import LossHistory, ModelHistory

RULE: Final = Rule(code="LR104", name="label-broadcast", severity="error")

SAME_WITHIN: Final = 1e-4
"""Relative. Adding the same terms in another order changes a float32 mean by some 1e-6; labels that
were paired with other rows change a loss by far more than 0.01 %."""


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
        },
        steps=(int(steps[0]), int(steps[-1])),
    )


def _shape(loss: LossHistory, key: str) -> str:
    shape = loss.static.get(key)
    if not isinstance(shape, list | tuple):
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
