"""The class of a metric with a short name, and whether it fits labels and predictions.

What it sees:
    Metrics given to `compile` as "accuracy", "acc", "crossentropy" or "ce": Keras chooses
    the class from the shapes of labels and predictions.

Why it matters:
    The wrong class gives a number that means something else. Accuracy by `argmax` over classes for
    labels that are numbers of classes, or for predictions that are classes already, is near 0
    or near 1 whatever the model does.

How it decides:
    A fact for each such metric of the newest phase, with its class. A warning where the shapes
    contradict the class: `Accuracy`, which compares for equality, on floating predictions; a
    categorical metric on predictions without an axis of classes, or on labels that have none; a
    sparse one on labels with one column a class; a binary one on several columns while the loss is
    categorical. Or where the loss does: a binary metric, which counts what is above 0.5, beside a
    hinge loss, or beside a loss with `from_logits=True` that is given logits. Labels of several
    columns may be one-hot or multi-label, which shapes do not tell: a categorical metric on them is
    a fact, and an info where the loss is binary.

What to do:
    Name the class:

        model.compile(..., metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")])

When it is fine:
    As a fact it only says what the number is.

References:
    https://keras.io/api/metrics/accuracy_metrics/,
    https://github.com/keras-team/tf-keras/issues/15,
    https://github.com/keras-team/keras/issues/18393
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tb_bnplugin.diagnose.evidence import losses
from tb_bnplugin.diagnose.evidence.layers import newest
from tb_bnplugin.diagnose.evidence.losses import shape_text
from tb_bnplugin.diagnose.needs import METRICS
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import KERAS_LOSSES, MetricFacts, ModelHistory

RULE: Final = Rule(code="LR108", name="metric-resolved", severity="warning", needs=(METRICS,))

ALIASES: Final = ("accuracy", "acc", "crossentropy", "ce")


def check(history: ModelHistory) -> Outcome | Iterable[Outcome]:
    """Say what short names became, one outcome a metric."""
    short = [metric for metric in history.metrics if metric.compiled_as.lower() in ALIASES]
    if not short:
        return RULE.ok("Every metric was named by its class.")
    return (_describe(history, metric) for metric in short)


def _describe(history: ModelHistory, metric: MetricFacts) -> Outcome:
    wrong = _find_contradiction(history, metric)
    unsure = None if wrong else _find_doubt(history, metric)
    labels, predictions = (
        "of unknown shape" if shape is None else shape_text(shape)
        for shape in (metric.label_shape, metric.prediction_shape)
    )
    became = (
        f"{metric.compiled_as!r} became {metric.metric_class} for labels {labels} and predictions"
        f" {predictions}"
    )
    evidence = {
        "metric": metric.name,
        "compiled_as": metric.compiled_as,
        "metric_class": metric.metric_class,
        "label_shape": labels,
        "prediction_shape": predictions,
    }
    told = wrong or unsure
    if told is None:
        return RULE.fact(f"{became}.", evidence=evidence)
    return RULE.finding(
        message=f"{became}: {told[0]}.",
        fix=told[1],
        evidence=evidence,
        severity="warning" if wrong else "info",
        steps=(int(history.steps[0]), int(history.steps[-1])) if len(history.steps) else None,
    )


def _find_contradiction(history: ModelHistory, metric: MetricFacts) -> tuple[str, str] | None:
    """A contradiction to the class, and the cure; None: there is none, or it is not known."""
    labels, predictions = metric.label_shape, metric.prediction_shape
    if metric.metric_class == "Accuracy" and "float" in (metric.prediction_dtype or ""):
        wrong = "it counts predictions that equal their label, as numbers with a fraction never do"
        return wrong, 'Let Keras choose by the shapes: `metrics=["accuracy"]`.'
    kind = _kind(metric.metric_class)
    if labels is None or not predictions or kind is None:
        return None
    classes = predictions[-1] or 0
    numbers = len(labels) < len(predictions) or (labels[-1] == 1 and (predictions[-1] or 1) > 1)
    one_column_a_class = len(labels) == len(predictions) and labels[-1] == predictions[-1]
    by_numbers = "SparseCategorical" if numbers else "Categorical"
    if kind != "Binary" and len(predictions) == 1:
        wrong = "the predictions have no axis of classes, so the largest of the batch is taken"
        if _has_loss(history, "binary"):
            return wrong, f"Name the class: {_use(history, 'Binary', metric)}."
        use = _use(history, "SparseCategorical", metric)
        return wrong, f"Do not take `argmax` in the model, and name the class: {use}."
    if kind != "Binary" and classes == 1:
        wrong, fitting = "the predictions have one column, which is always the largest", "Binary"
    elif kind == "Categorical" and numbers:
        wrong, fitting = "the labels are numbers of classes, not one-hot", "SparseCategorical"
    elif kind == "SparseCategorical" and one_column_a_class and classes > 1:
        wrong, fitting = "the labels have one column a class", "Categorical"
    elif kind == "Binary" and classes > 1 and _has_loss(history, "categorical"):
        wrong, fitting = "the loss is categorical, but this metric counts each column", by_numbers
    elif kind == "Binary" and _has_loss(history, "hinge"):
        wrong = (
            "it takes labels for 0 and 1 and counts what is above 0.5, while the loss is a hinge"
        )
        return wrong, "Compare the signs: " + _OF_HINGE
    elif metric.metric_class.lower().replace("_", "").endswith("binaryaccuracy") and any(
        loss.from_logits and loss.carries_logits is False for loss in history.compiled_losses
    ):
        wrong = "it counts what is above 0.5, while the loss takes logits, which are above 0"
        cure = 'keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)'
        return wrong, f"Give the threshold of logits: `metrics=[{cure}]`."
    else:
        return None
    return wrong, f"Name the class: {_use(history, fitting, metric)}."


_OF_HINGE: Final = (
    "`metrics=[lambda y, y_pred: tf.cast(tf.equal(tf.sign(y), tf.sign(y_pred)), tf.float32)]`."
)


def _find_doubt(history: ModelHistory, metric: MetricFacts) -> tuple[str, str] | None:
    """A reason why the class may be wrong, and the cure where it is; None: there is none."""
    columns = (metric.label_shape or (1,))[-1] or 0
    if _kind(metric.metric_class) != "Categorical" or columns < 2:
        return None
    if not _has_loss(history, "binary"):
        return None
    doubt = (
        "it compares where the largest of each row is, which is right for one-hot labels alone;"
        " of several labels a row it counts one"
    )
    return (
        doubt,
        f"With several labels a row, name the class: {_use(history, 'Binary', metric)}.",
    )


def _has_loss(history: ModelHistory, kind: str) -> bool:
    return any(kind in loss.loss_class.lower() for loss in history.compiled_losses)


def _kind(metric_class: str) -> str | None:
    name = metric_class.rsplit(".", 1)[-1].replace("_", "").lower()
    if not name.endswith(("accuracy", "crossentropy")):
        return None
    kinds = ("SparseCategorical", "Categorical", "Binary")
    return next((kind for kind in kinds if name.startswith(kind.lower())), None)


def _use(history: ModelHistory, kind: str, metric: MetricFacts) -> str:
    """The code that names the class; of a binary one with what it is told of logits."""
    short = "crossentropy" if "crossentropy" in metric.metric_class.lower() else "accuracy"
    plain = f'keras.metrics.{kind}{short.capitalize()}(name="{short}"'
    if kind != "Binary":
        return f"`metrics=[{plain})]`"
    told = "threshold=0.0" if short == "accuracy" else "from_logits=True"
    logits = _gives_logits(history)
    if logits is None:
        return f"`metrics=[{plain})]`, or where outputs are logits `metrics=[{plain}, {told})]`"
    return f"`metrics=[{plain}, {told})]`" if logits else f"`metrics=[{plain})]`"


def _gives_logits(history: ModelHistory) -> bool | None:
    """True where the measured losses take logits; None: none was measured, or it is another."""
    found = {float(newest(losses.loss_column(loss, "candidate"))) for loss in history.losses}
    if found == {KERAS_LOSSES.index("BinaryCrossentropy(from_logits=True)")}:
        return True
    return False if found == {KERAS_LOSSES.index("BinaryCrossentropy")} else None
