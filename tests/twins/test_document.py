"""The report of a twin in a log: written by the summary op, read back, and hostile ones."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tb_bnplugin
from tb_bnplugin.history.documents import MOST_TWINS, read_twins
from tb_bnplugin.history.sound import MOST_NAMED, read_twin
from tb_bnplugin.logs.check import read_runs
from tb_bnplugin.twins.divergence import STAGES, Divergence
from tb_bnplugin.twins.document import NAMED_DIFFERENCES
from tb_bnplugin.twins.report import TwinReport
from tests.conftest import Flavour
from tests.support.records import create_record

REPORT = TwinReport(
    names=("fit", "loop"),
    divergences=[
        Divergence(stage="gradients", subject=f"w{index}", message=f"w{index} is twice as large")
        for index in range(200)
    ]
    + [Divergence(stage="metrics", subject="loss", message="loss is 2, not 1")],
    unseen={"outputs": "the model is called twice", "trace": "it was traced before"},
    notes=["only fit computes accuracy"],
)


def test_each_stage_says_how_many_differences_it_has() -> None:
    facts = read_twin(REPORT.to_document())
    assert (facts.first, facts.second) == ("fit", "loop")
    assert [stage.stage for stage in facts.stages] == list(STAGES)
    found = {stage.stage: stage.found for stage in facts.stages if stage.found}
    assert found == {"gradients": 200, "metrics": 1}
    assert [one.stage for one in facts.differences] == ["gradients"] * NAMED_DIFFERENCES + [
        "metrics"
    ]
    unseen = {stage.stage: stage.unseen for stage in facts.stages if stage.unseen}
    assert unseen == {"outputs": "the model is called twice"}
    assert facts.notes == ("it was traced before", "only fit computes accuracy")


def test_hostile_documents_are_cut_or_skipped() -> None:
    content = json.loads(REPORT.to_document())
    content["stages"] = [{**content["stages"][0], "found": -(10**400)}] * 1000
    content["notes"] *= 1000
    facts = read_twin(json.dumps(content).encode())
    assert len(facts.stages) == len(facts.notes) == MOST_NAMED
    assert facts.stages[0].found == 1  # not known, and so not the same
    skipped: Counter[str] = Counter()
    values = (b"[]", b"{", b"{}", 7.0)
    records = [create_record("twin", value, wall_time=2000.0) for value in values]
    records.append(create_record("twin", REPORT.to_document(), step=5))
    (only,) = read_twins(records, skipped)
    assert (only.step, only.facts.second) == (5, "loop")
    assert sum(skipped.values()) == 4


def test_the_newest_of_many_are_read_in_the_order_of_their_making() -> None:
    records = [
        create_record("twin", REPORT.to_document(), step=step, wall_time=1000.0 + step)
        for step in reversed(range(1, MOST_TWINS + 6))
    ]
    skipped: Counter[str] = Counter()
    kept = read_twins(records, skipped)
    assert [entry.step for entry in kept] == list(range(6, MOST_TWINS + 6))
    assert skipped == {f"twin records before the last {MOST_TWINS}": 5}


def test_summary_op(flavour: Flavour, tmp_path: Path, tensorflow: Any) -> None:
    keras, tf = flavour.keras, tensorflow
    norm = keras.layers.BatchNormalization()
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(4), norm, keras.layers.Dense(1)]
    )
    model.compile(keras.optimizers.SGD(0.1), "mse")
    x = np.random.default_rng(0).normal(size=(16, 4)).astype("float32")
    y = x[:, :1]

    def step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))  # no `training`
        weights = model.trainable_variables
        model.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))

    report = tb_bnplugin.twin(model, step, x, y)
    assert report.first is not None
    assert report.first.stage == "modes"
    with tf.summary.create_file_writer(str(tmp_path)).as_default():
        for at in (3, 7):
            assert bool(tb_bnplugin.summary.twin(model, report, step=at))
    (run,), _ = read_runs(tmp_path)
    twins = run.results[run.models[0].facts.name].twins
    assert [twin.step for twin in twins] == [3, 7]
    twin = twins[0]
    assert twin.facts.differences[0].message == report.first.message
    assert sum(stage.found for stage in twin.facts.stages) == len(report.divergences)
    with pytest.raises(TypeError, match="a TwinReport was expected, received str"):
        tb_bnplugin.summary.twin(model, "same", step=1)
