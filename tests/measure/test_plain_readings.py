"""A record made from plain numpy readings: no Keras, no TensorFlow, no event file."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from tb_bnplugin.diagnose import diagnose_run
from tb_bnplugin.history.build import build_run
from tb_bnplugin.measure.model_records import ModelRecords
from tb_bnplugin.measure.reading import (
    Baseline,
    LayerStart,
    Moment,
    NewLayers,
    Observation,
    Reading,
)
from tb_bnplugin.schema.columns import EVENT_COUNTERS, EXECUTION_COLUMNS
from tb_bnplugin.schema.facts import SwitchedOff
from tb_bnplugin.schema.records import Record
from tests.support.histories import FACTS, LAYER

ROOT = Path(__file__).resolve().parents[2]
COUNTED = (*EXECUTION_COLUMNS, *EVENT_COUNTERS)
START = LayerStart(
    channels=2, momentum=0.5, epsilon=0.001, from_initializer=True, updates_before=0.0
)


def reading(mode: str, executions: int, mean: float, beta: float) -> Reading:
    """One layer of two channels, called so often in one mode under a tape."""
    counts = np.zeros((1, len(COUNTED)), np.int64)
    counts[0, COUNTED.index(f"{mode}_tape")] = executions
    return Reading(
        mean=np.full(2, mean, np.float32),
        variance=np.ones(2, np.float32),
        gamma_beta=np.full(2, beta, np.float32),
        executions=counts,
        trainable=np.ones(1, bool),
        trainable_as_set=np.ones(1, bool),
        weights=np.full(3, beta, np.float32),
        batches=None,
        iterations=float(executions),
        learning_rate=0.1,
    )


def moment(step: int) -> Moment:
    return Moment(
        step=step,
        reason="cadence",
        evaluations=0,
        predictions=0,
        process_started=1000.0,
        wall_time=1000.0 + step,
    )


def record(mode: str, means: list[float]) -> list[Record]:
    """The records of steps in which beta learns and the moving mean is as given."""
    records = ModelRecords("model")
    layer = replace(LAYER, path="bn", channels=2, momentum=0.5)
    begin = Observation(
        facts=replace(FACTS, layers=(layer,)),
        new_layers=NewLayers(starts=(START,), mean=np.zeros(2), variance=np.ones(2)),
        baseline=Baseline(
            reading=reading(mode, 0, 0.0, 0.0), gamma_beta_layers=np.zeros(2, np.int64)
        ),
        calls=(),
    )
    made = records.take(begin, moment(0))
    for step, mean in enumerate(means, start=1):
        made += records.take(
            Observation(reading=reading(mode, step, mean, step / 10)), moment(step)
        )
    return made


def codes(records: list[Record]) -> set[str]:
    outcomes = diagnose_run(build_run("train", records))
    return {outcome.code for outcome in outcomes if outcome.status == "finding"}


def test_rules_judge_what_any_framework_read() -> None:
    still = record("inference", [0.0] * 6)
    assert "BN101" in codes(still)
    # momentum 0.5 and batches with a mean of 1: 1/2, 3/4, 7/8 and so on
    assert "BN101" not in codes(record("training", [1 - 0.5**step for step in range(1, 7)]))


def test_batch_statistics_are_recovered_from_the_readings() -> None:
    (model,) = build_run("train", record("training", [0.5, 0.75, 0.875])).models
    assert model.layer("batch_mean")[:, 0].tolist() == [1.0, 1.0, 1.0]
    assert model.layer("statistics_changes")[:, 0].tolist() == [1.0, 2.0, 3.0]


def test_a_document_is_made_once_until_it_changes() -> None:
    kinds = [made.metadata.kind for made in record("training", [0.5, 0.75])]
    assert (kinds.count("model"), kinds.count("calls"), kinds.count("layers")) == (1, 1, 2)


def test_facts_of_an_earlier_look_do_not_replace_those_of_a_later_one() -> None:
    """Two ops of a function run beside each other, and the first to look may be the last here."""
    records = ModelRecords("model")
    late = replace(FACTS, switched_off=(SwitchedOff(part="losses", reason="an empty batch"),))
    records.take(Observation(facts=late, look=2), moment(1))
    assert records.take(Observation(facts=FACTS, look=1), moment(1)) == []
    assert records.facts is not None
    assert records.facts.switched_off == late.switched_off
    records.take(Observation(facts=FACTS, look=3), moment(2))
    assert not records.facts.switched_off


def test_measuring_imports_neither_tensorflow_nor_keras() -> None:
    program = (
        "import sys; sys.modules.update(dict.fromkeys(['tensorflow', 'keras', 'tf_keras']))\n"
        "import tb_bnplugin.measure.model_records, tb_bnplugin.measure.outputs"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
