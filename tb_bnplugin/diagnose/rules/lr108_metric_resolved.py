"""What a metric that was asked for by a short name became, and whether it fits.

What it sees:
    Metrics given to `compile` as "accuracy", "acc", "crossentropy" or "ce": Keras chooses
    the class from the shapes of labels and predictions.

Why it matters:
    The wrong class gives a number that means something else: accuracy by `argmax` over classes for
    labels that are numbers of classes, or for predictions that are classes already, is near 0
    or near 1 whatever the model does.

How it decides:
    An info for each such metric of the newest phase, with what it became. A warning where the
    shapes contradict the class: a categorical metric on predictions without an axis of classes, or
    on labels that have none; a sparse one on labels with one column a class; a binary one on
    several columns while the loss is categorical. Labels of several columns may be one-hot or
    multi-label, which shapes do not tell: a categorical metric on them stays an info.

What to do:
    Name the class:

        model.compile(..., metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")])

When it is fine:
    As an info it only tells what the number is.

References:
    https://keras.io/api/metrics/accuracy_metrics/,
    https://github.com/keras-team/tf-keras/issues/15
"""

from __future__ import annotations

from typing import Final

from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import MetricFacts, ModelHistory

RULE: Final = Rule(code="LR108", name="metric-resolved", severity="info")

ALIASES: Final = ("accuracy", "acc", "crossentropy", "ce")


def check(history: ModelHistory) -> tuple[Outcome, ...]:
    """What short names became, one outcome a metric."""
    if not history.metrics:
        return (
            RULE.not_checked(
                "no metric was seen: none was compiled, or no batch has been trained yet"
            ),
        )
    asked = [metric for metric in history.metrics if metric.compiled_as.lower() in ALIASES]
    if not asked:
        return (RULE.ok("Every metric was named by its class."),)
    return tuple(_describe(history, metric) for metric in asked)


def _describe(history: ModelHistory, metric: MetricFacts) -> Outcome:
    wrong = _what_is_wrong(history, metric)
    became = f"{metric.compiled_as!r} became {metric.metric_class}"
    labels, predictions = _shown(metric.label_shape), _shown(metric.prediction_shape)
    because = f": {wrong[0]}" if wrong else ""
    steps = (int(history.steps[0]), int(history.steps[-1])) if len(history.steps) else None
    return RULE.finding(
        message=f"{became} for labels {labels} and predictions {predictions}{because}.",
        fix=wrong[1] if wrong else "Nothing, if that is what you meant; else name the class.",
        evidence={
            "metric": metric.name,
            "compiled_as": metric.compiled_as,
            "metric_class": metric.metric_class,
            "label_shape": labels,
            "prediction_shape": predictions,
        },
        steps=steps,
        severity="warning" if wrong else None,
    )


def _what_is_wrong(history: ModelHistory, metric: MetricFacts) -> tuple[str, str] | None:
    """What contradicts the class, and the cure; None: nothing, or it cannot be told."""
    labels, predictions = metric.label_shape, metric.prediction_shape
    kind = _kind(metric.metric_class)
    if labels is None or not predictions or kind is None:
        return None
    family = "Crossentropy" if "crossentropy" in metric.metric_class.lower() else "Accuracy"
    classes = predictions[-1]
    if kind != "binary" and len(predictions) == 1:
        return (
            "the predictions have no axis of classes, so the largest of the batch is taken",
            f"Do not take `argmax` in the model, and name the class: {_use('Sparse', family)}.",
        )
    if kind != "binary" and classes == 1:
        return (
            "the predictions have one column, which always is the largest",
            f"Name the class: {_use('Binary', family)}.",
        )
    numbers = len(labels) < len(predictions) or (labels[-1] == 1 and (classes or 1) > 1)
    if kind == "categorical" and numbers:
        return (
            "the labels are numbers of classes, not one-hot",
            f"Name the class: {_use('Sparse', family)}.",
        )
    one_column_a_class = len(labels) == len(predictions) and labels[-1] == classes
    if kind == "sparse" and one_column_a_class and (classes or 0) > 1:
        return (
            "the labels have one column a class",
            f"Name the class: {_use('', family)}.",
        )
    categorical_loss = any(
        "categorical" in loss.loss_class.lower() for loss in history.compiled_losses
    )
    if kind == "binary" and (classes or 0) > 1 and categorical_loss:
        return (
            "the loss is categorical, while this counts each column of its own",
            f"Name the class: {_use('Sparse' if numbers else '', family)}.",
        )
    return None


def _kind(metric_class: str) -> str | None:
    name = metric_class.rsplit(".", 1)[-1].replace("_", "").lower()
    if not name.endswith(("accuracy", "crossentropy")):
        return None
    starts = {"sparsecategorical": "sparse", "categorical": "categorical", "binary": "binary"}
    return next((kind for start, kind in starts.items() if name.startswith(start)), None)


def _use(kind: str, family: str) -> str:
    name = f"Binary{family}" if kind == "Binary" else f"{kind}Categorical{family}"
    short = "accuracy" if family == "Accuracy" else "crossentropy"
    return f'`metrics=[keras.metrics.{name}(name="{short}")]`'


def _shown(shape: tuple[int | None, ...] | None) -> str:
    if shape is None:
        return "of unknown shape"
    sizes = ["None" if size is None else str(size) for size in shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
