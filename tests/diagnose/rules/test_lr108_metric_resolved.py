from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.schema.columns import KERAS_LOSSES
from tb_bnplugin.schema.facts import LossFacts
from tests.support.histories import METRIC, PHASE, create_history, create_loss
from tests.support.judging import judge, judge_all

Shape = tuple[int | None, ...] | None


def resolved(
    metric_class: str,
    labels: Shape,
    predictions: Shape,
    *,
    loss: str = "Loss",
    logits: tuple[bool | None, bool | None] = (None, None),
    **changed: Any,
) -> ModelHistory:
    metric = replace(
        METRIC,
        metric_class=metric_class,
        label_shape=labels,
        prediction_shape=predictions,
        **changed,
    )
    compiled = LossFacts(
        name="loss",
        loss_class=loss,
        reduction=None,
        label_shape=labels,
        prediction_shape=predictions,
        label_dtype=None,
        prediction_dtype=None,
        weighted=False,
        from_logits=logits[0],
        carries_logits=logits[1],
    )
    return create_history(facts={"metrics": (metric,), "losses": (compiled,)})


B = None  # the size of the batch, unknown when traced

WARNINGS = {
    "argmax in the model": resolved("CategoricalAccuracy", (B,), (B,)),
    "one column": resolved("CategoricalAccuracy", (B, 1), (B, 1)),
    "class numbers, categorical": resolved("CategoricalAccuracy", (B,), (B, 10)),
    "class numbers with an axis, categorical": resolved("categorical_accuracy", (B, 1), (B, 10)),
    "one-hot, sparse": resolved("SparseCategoricalAccuracy", (B, 10), (B, 10)),
    "one-hot, binary": resolved("BinaryAccuracy", (B, 10), (B, 10), loss="CategoricalCrossentropy"),
    "logits": resolved("binary_accuracy", (B, 1), (B, 1), logits=(True, False)),
    "hinge": resolved("BinaryAccuracy", (B, 1), (B, 1), loss="SquaredHinge"),
    "crossentropy": resolved("CategoricalCrossentropy", (B,), (B, 10), compiled_as="crossentropy"),
}

INFOS = {
    "class numbers, sparse": resolved("SparseCategoricalAccuracy", (B,), (B, 10)),
    "class numbers with an axis, sparse": resolved("SparseCategoricalAccuracy", (B, 1), (B, 10)),
    "per pixel, sparse": resolved("SparseCategoricalAccuracy", (B, 8, 8), (B, 8, 8, 3)),
    "one-hot, categorical": resolved("CategoricalAccuracy", (B, 10), (B, 10)),
    "binary": resolved("BinaryAccuracy", (B, 1), (B, 1)),
    "probabilities": resolved("BinaryAccuracy", (B, 1), (B, 1), logits=(False, False)),
    "a sigmoid that the loss looks behind": resolved(
        "BinaryAccuracy", (B, 1), (B, 1), logits=(True, True)
    ),
    "not seen": resolved("BinaryAccuracy", (B, 1), (B, 1), logits=(True, None)),
    "binary without an axis": resolved("BinaryAccuracy", (B,), (B,)),
    "multi-label, binary": resolved("BinaryAccuracy", (B, 10), (B, 10), loss="BinaryCrossentropy"),
    "shapes not known": resolved("CategoricalAccuracy", None, None),
    "a function of one's own": resolved("my_accuracy", (B,), (B,)),
    "classes not known": resolved("SparseCategoricalAccuracy", (B, None), (B, None)),
}

SILENT = {
    "named by its class": resolved(
        "CategoricalAccuracy", (B,), (B,), compiled_as="CategoricalAccuracy"
    ),
    "no metric": create_history(),
}

FINDINGS = WARNINGS | INFOS


@pytest.mark.parametrize("name", WARNINGS)
def test_warns(name: str) -> None:
    outcome = judge("LR108", WARNINGS[name])
    assert (outcome.status, outcome.severity) == ("finding", "warning")
    assert "metrics=[" in outcome.fix


def test_several_labels_cannot_be_told_from_one_hot() -> None:
    several = resolved("CategoricalAccuracy", (B, 10), (B, 10), loss="BinaryCrossentropy")
    outcome = judge("LR108", several)
    assert (outcome.status, outcome.severity) == ("finding", "info")
    assert "keras.metrics.BinaryAccuracy" in outcome.fix


@pytest.mark.parametrize("name", INFOS)
def test_tells_what_the_name_became(name: str) -> None:
    outcome = judge("LR108", INFOS[name])
    assert (outcome.status, outcome.fact) == ("ok", True)


@pytest.mark.parametrize(
    ("name", "status"), [("named by its class", "ok"), ("no metric", "not_checked")]
)
def test_is_silent(name: str, status: str) -> None:
    assert judge("LR108", SILENT[name]).status == status


def test_the_cure_names_the_class() -> None:
    cure = '`metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")]`'
    assert cure in judge("LR108", WARNINGS["class numbers, categorical"]).fix


def test_only_the_newest_phase_counts() -> None:
    old = replace(PHASE, metrics=(replace(METRIC, metric_class="CategoricalAccuracy"),))
    new = replace(PHASE, number=2, metrics=(METRIC,))
    history = create_history(facts={"phases": (old, new)})
    assert [outcome.fact for outcome in judge_all("LR108", history)] == [True]


def test_one_output_without_an_axis_is_no_class() -> None:
    flat = resolved("CategoricalAccuracy", (B,), (B,), loss="BinaryCrossentropy")
    fix = judge("LR108", flat).fix
    assert 'keras.metrics.BinaryAccuracy(name="accuracy")' in fix
    assert "argmax" not in fix
    assert "argmax" in judge("LR108", WARNINGS["argmax in the model"]).fix


@pytest.mark.parametrize(("dtype", "status"), [("float32", "finding"), ("int64", "ok")])
def test_a_metric_of_equality_is_wrong_for_numbers_with_a_fraction(dtype: str, status: str) -> None:
    equal = replace(METRIC, compiled_as="Accuracy", metric_class="Accuracy", prediction_dtype=dtype)
    outcome = judge("LR108", create_history(facts={"metrics": (equal,)}))
    assert outcome.status == status
    if status == "finding":
        assert outcome.severity == "warning"
        assert '`metrics=["accuracy"]`' in outcome.fix


@pytest.mark.parametrize(
    ("keras_loss", "cure"),
    [
        ("BinaryCrossentropy", 'BinaryAccuracy(name="accuracy")]`.'),
        (
            "BinaryCrossentropy(from_logits=True)",
            'BinaryAccuracy(name="accuracy", threshold=0.0)]`.',
        ),
        (
            None,
            'or where outputs are logits `metrics=[keras.metrics.BinaryAccuracy(name="accuracy", ',
        ),
    ],
)
def test_the_threshold_is_that_of_the_measured_loss(keras_loss: str | None, cure: str) -> None:
    flat = resolved("CategoricalAccuracy", (B,), (B,), loss="BinaryCrossentropy")
    index = np.nan if keras_loss is None else float(KERAS_LOSSES.index(keras_loss))
    measured = replace(flat, losses=(create_loss(candidate=index),))
    assert cure in judge("LR108", measured).fix
    assert ("or where" in judge("LR108", measured).fix) == (keras_loss is None)
