from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.diagnose import diagnose
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.schema.facts import Node
from tests.support.histories import create_history, create_probe, create_probe_layers
from tests.support.judging import judge

STEPS = range(1, 401)
NOISE = np.exp(0.05 * np.random.default_rng(0).normal(size=len(STEPS)))
NAN = (np.nan, np.nan)
WORSE, SAME, BETTER = (0.4, 0.95), (0.95, 0.94), (0.95, 0.4)
WIDE = {"variance_gap": 2.0, "variance_shift": 2.0, "mean_gap": 0.1}  # ln: 7.4 times
NARROW = {"variance_gap": 1.5, "variance_shift": -1.5, "mean_gap": 0.3}
FAR = {"variance_gap": 0.1, "variance_shift": 0.1, "mean_gap": 2.0}
GRAPH = {
    "nodes": (
        Node(path="dropout", layer_class="SpatialDropout2D", layer=None),
        Node(path="conv", layer_class="Conv2D", layer=None),
        Node(path="bn_0", layer_class="BatchNormalization", layer=0),
        Node(path="bn_1", layer_class="BatchNormalization", layer=1),
        Node(path="bn_2", layer_class="BatchNormalization", layer=2),
    ),
    "edges": ((0, 1), (1, 2), (2, 3), (3, 4)),
}


def probed(
    apart: Any = WIDE,
    accuracy: Any = WORSE,
    columns: Any = None,
    probes: Any = (100, 200, 400),
    facts: Any = None,
    **changed: Any,
) -> ModelHistory:
    """Layers that follow their batches, which differ from the held one."""
    usual = {"start_updates": 0.0, "variance_shift": np.log(NOISE)}
    scores = {key: changed.pop(key) for key in ("loss", "rows") if key in changed}
    return create_history(
        steps=STEPS,
        columns=usual | (columns or {}),
        layer_facts={"start": "loaded", "momentum": 0.9, **changed},
        facts=facts,
        probe=create_probe(steps=probes, accuracy=accuracy, **scores),
        probe_layers=create_probe_layers(steps=probes, **apart),
    )


CAUSED_BY_THE_SECOND = {
    "gap_share": [0.005, 0.995, 0.0],
    "gap_share_layers": 1.0,
    "own_mean_gap": [0.1, 0.2, 0.1],
    "own_variance_shift": [0.0, np.log(5.0), 0.0],
}
FITS_BY_ITSELF = {
    "gap_share": [0.09, 0.09, 0.0],  # a frozen layer, say, has the rest
    "gap_share_layers": 1.0,
    "own_mean_gap": 0.1,
    "own_variance_shift": 0.1,
}
LARGER = {"variance_gap": 6.0, "variance_shift": -6.0, "mean_gap": 0.3}  # 403 times the variance
SMALLER = {"variance_gap": 6.0, "variance_shift": 6.0, "mean_gap": 0.3}
# The variance of the batches, where the moving one is 0.5 and half of that its start, 1.
STARTING = {"start_updates": 10_000.0, "batch_variance": 0.01}


def scaled(times: float) -> dict[str, float]:
    """Layers that a held batch of so many times the variance of those of training enters."""
    return {"variance_gap": np.log(times), "variance_shift": -np.log(times), "mean_gap": 0.3}


OF_OTHER_SCALE = {
    "inputs of another scale": probed(LARGER),
    "inputs that are smaller": probed(
        SMALLER | {"batch_mean": 0.1}, columns={"moving_mean": 0.1 * 45.5}
    ),
    "inputs of another scale, and a start that lasts": probed(
        LARGER, columns=STARTING, start="initializer"
    ),
    "just beyond what batches of one kind do": probed(scaled(16.1), columns={"mean_gap": 0.01}),
}
FINDINGS = OF_OTHER_SCALE | {
    "batches wider than the held one": probed(),
    "a momentum that keeps the last batch": probed(momentum=0.1),
    "batches of one kind, worse with moving statistics": probed(NARROW),
    "batches of one kind, better with them": probed(NARROW, BETTER),
    "no classes, half as much again": probed(accuracy=NAN, loss=(0.151, 0.1)),
    "better without classes": probed(NARROW, NAN, loss=(0.1, 0.151)),
    "behind Dropout, a fifth": probed(accuracy=NAN, loss=(0.121, 0.1), facts=GRAPH),
    "just as many rows worse": probed(accuracy=(0.75, 0.90), rows=64),
    "caused by the second layer": probed(WIDE | CAUSED_BY_THE_SECOND),
    "a mean that moves faster than its average": probed(FAR, columns={"mean_gap": 0.51}),
    "a mean that its average follows": probed(FAR, columns={"mean_gap": 0.49}),
    "just as many rows held": probed(NARROW, (0.95, 0.6), rows=32),
    "smaller in spread alone, as Dropout makes it": probed(
        SMALLER | {"batch_mean": 0.1}, columns={"moving_mean": 0.1}
    ),
    "smaller in spread, and half as much in the mean": probed(
        SMALLER | {"batch_mean": 0.1}, columns={"moving_mean": 0.1 * 45.5 / 2.1}
    ),
    "two probes, of the last batch": probed(probes=(200, 400), momentum=0.1),
    "a gap that hardly closes": probed(accuracy=([0.2, 0.2, 0.57], [0.95] * 3)),
    "a gap that closes, of the last batch": probed(
        accuracy=([0.2, 0.2, 0.58], [0.95] * 3), momentum=0.1
    ),
    "within what batches of one kind do": probed(scaled(15.9), columns={"mean_gap": 0.01}),
    "much larger, as the means of the batches are apart": probed(LARGER, columns={"mean_gap": 6.0}),
    "much larger, in some of the batches": probed(
        LARGER, columns={"batch_variance": np.where(np.arange(len(STEPS)) % 4, 0.5, 50.0)}
    ),
}

SILENT = {
    "layers that cause little, and fit by themselves": probed(WIDE | FITS_BY_ITSELF),
    "of another scale, between the batches and their start": probed(
        {"variance_gap": 1.0, "variance_shift": 1.0, "mean_gap": 0.1},
        columns={"start_updates": 10_000.0, "batch_variance": 0.001},
        start="initializer",
    ),
    "the modes do alike": probed(accuracy=SAME),
    "a gap that closes": probed(accuracy=([0.2, 0.2, 0.58], [0.95] * 3)),  # from 0.75 to 0.37
    "a gap that closes, by the loss": probed(accuracy=NAN, loss=([0.4, 0.4, 0.19], [0.1] * 3)),
    "one probe": probed(probes=(400,)),
    "two probes, and no cause": probed(probes=(200, 400)),
    "no score": probed(accuracy=NAN, loss=NAN),
    "less than half as much again": probed(accuracy=NAN, loss=(0.149, 0.1)),
    "behind Dropout, to no harm": probed(accuracy=NAN, loss=(0.119, 0.1), facts=GRAPH),
    "behind Dropout, of no more variance": probed(
        NARROW, accuracy=NAN, loss=(0.14, 0.1), facts=GRAPH
    ),
    "better with moving statistics, as a frozen base is": probed(
        NARROW, BETTER, {"training_tape": 0.0, "inference_tape": STEPS, "trainable": 0.0}
    ),
    "better, with batches that have more variance": probed(WIDE, BETTER),
    "better, on too few rows": probed(NARROW, (0.95, 0.5), rows=31),
    "better, twice a step, as in a GAN": probed(
        NARROW, BETTER, {"training_tape": 2.0 * np.array(STEPS)}
    ),
    "the start explains it": probed(columns={"start_updates": 10_000.0}, start="initializer"),
    "frozen, which BN202 tells": probed(
        columns={"training_tape": 0.0, "inference_tape": STEPS, "trainable": 0.0}
    ),
    "within a factor of two": probed({"variance_gap": 0.69, "variance_shift": 0.69}),
    "within the noise of the held batch": probed(WIDE | {"variance_gap_error": 0.6}),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("BN208", FINDINGS[name])
    assert (outcome.status, outcome.severity) == ("finding", "warning")


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN208", SILENT[name]).status != "finding"


@pytest.mark.parametrize(
    "name", ["less than half as much again", "no score", "one probe", "a gap that closes"]
)
def test_a_gap_that_may_be_one_is_no_ok(name: str) -> None:
    assert judge("BN208", SILENT[name]).status == "not_checked"


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("batches wider than the held one", "alike"),
        ("a momentum that keeps the last batch", "momentum=0.9"),
        ("batches of one kind, worse with moving statistics", "Shuffle"),
        ("batches of one kind, better with them", "Shuffle"),
        ("behind Dropout, a fifth", "Dropout stands before bn_0:"),
        ("a mean that moves faster than its average", "are 0.51 standard deviations away"),
        ("a mean that moves faster than its average", "Subtract the mean of the inputs"),
        ("a mean that its average follows", "alike"),
        ("inputs of another scale", "about 20.11 times as large as in the batches of training"),
        ("inputs that are smaller", "about 45.47 times as small"),  # 0.501 / exp(6) - 0.001
        # variances, with epsilon 0.001: exp(6) * 0.501 - 0.001 = 202.1 held, 0.01 in the batches
        ("inputs of another scale, and a start that lasts", "about 142.2 times as large"),
        ("just beyond what batches of one kind do", "about 4.016 times as large"),
        ("smaller in spread alone, as Dropout makes it", "Prepare the inputs"),
        ("smaller in spread, and half as much in the mean", "Prepare the inputs"),
        ("within what batches of one kind do", "Shuffle"),
        ("much larger, as the means of the batches are apart", "Shuffle"),
        ("much larger, in some of the batches", "Shuffle"),
    ],
)
def test_the_fix_is_that_of_the_cause(name: str, cure: str) -> None:
    assert cure in judge("BN208", FINDINGS[name]).fix


@pytest.mark.parametrize("name", OF_OTHER_SCALE)
def test_another_scale_is_told_of_the_first_layer_alone(name: str) -> None:
    history = OF_OTHER_SCALE[name]
    assert judge("BN208", history).layers == ("bn_0",)
    assert judge("BN202", history).status != "finding"


def test_the_layers_that_cause_it_are_named_with_their_shares() -> None:
    outcome = judge("BN208", FINDINGS["caused by the second layer"])
    assert outcome.layers == ("bn_1",)
    assert outcome.evidence["variance_factor"] == pytest.approx(5.0)
    assert "bn_1 99%" in outcome.message or "bn_1 100%" in outcome.message


def test_a_few_channels_are_enough_where_they_cause_the_gap() -> None:
    few = {**CAUSED_BY_THE_SECOND, "own_variance_shift": 0.0}
    assert judge("BN208", probed(WIDE | few)).layers == ("bn_1",)


def test_a_layer_behind_another_normalization_is_not_behind_dropout() -> None:
    assert judge("BN208", probed(facts=GRAPH)).evidence["behind_dropout"] == 1


def test_edges_that_lead_nowhere_are_left_out() -> None:
    broken = probed(facts={**GRAPH, "edges": ((0, 2), (2, 0), (7, 2), (-1, 2), (2, 9))})
    assert judge("BN208", broken).evidence["behind_dropout"] == 1


def test_it_is_not_told_beside_what_explains_it() -> None:
    found = diagnose(probed(columns={"training_below_16": STEPS}))
    codes = {outcome.code: outcome for outcome in found}
    assert codes["BN203"].status == "finding"
    assert codes["BN208"].reason == "BN203 few-values-per-channel explains it."


@pytest.mark.parametrize("name", SILENT)
def test_names_no_rule_that_found_nothing(name: str) -> None:
    outcomes = diagnose(SILENT[name])
    found = {outcome.code for outcome in outcomes if outcome.status == "finding"}
    (mine,) = (outcome for outcome in outcomes if outcome.code == "BN208")
    assert set(re.findall(r"BN\d{3}", mine.reason or "")) <= found


@pytest.mark.parametrize(
    ("facts", "given"),
    [
        ({"trained_by": "fit", "probe_data": True}, "probe_data"),
        ({"trained_by": "fit", "probe_data": False}, "summary.probe"),
        ({"trained_by": "loop", "probe_data": False}, "summary.probe"),
    ],
)
def test_the_held_batch_is_named_as_the_program_gives_it(facts: Any, given: str) -> None:
    outcome = judge("BN208", probed(LARGER, facts=facts))
    for text in (outcome.message, outcome.fix):
        assert f"the held batch ({given})" in text
    beside = "probe_data and validation_data are two places: prepare both."
    assert (beside in outcome.fix) == (given == "probe_data")


@pytest.mark.parametrize("apart", [LARGER, WIDE])
def test_the_start_is_not_the_only_cause_beside_another_scale(apart: Any) -> None:
    found = diagnose(probed(apart, columns=STARTING, start="initializer"))
    outcomes = {outcome.code: outcome for outcome in found}
    assert outcomes["BN201"].status == "finding"
    beside = outcomes["BN208"].status == "finding"
    assert beside == (apart is LARGER)
    said = "BN208 finds another cause: mend both."
    assert outcomes["BN201"].fix.endswith(f" {said}") == beside
    assert (said in outcomes["BN201"].fix) == beside


NO_LAYER = {
    "less than half as much again": "That is too little to be told",
    "nearly as many rows worse": "That is too little to be told",
    "worse in the newest probe alone": "In the probe before, the gap was smaller",
    "the start explains it": "The starting value still shapes",
    "frozen, which BN202 tells": "do not fit for another reason",
    "within a factor of two": "In no layer that can be compared",
    "few records": "The moving statistics of bn_0 are off, and it is not known yet",
    "layers that cause little, and fit by themselves": "they alone do not cause the gap",
}
UNNAMED = SILENT | {
    "nearly as many rows worse": probed(accuracy=(0.77, 0.90), rows=64),
    "worse in the newest probe alone": probed(accuracy=([0.94, 0.94, 0.4], [0.95] * 3)),
    "few records": probed(columns={"variance_shift": np.nan}, accuracy=([0.4] * 3, [0.95] * 3)),
}


@pytest.mark.parametrize("name", NO_LAYER)
def test_why_no_layer_is_named(name: str) -> None:
    outcome = judge("BN208", UNNAMED[name])
    assert outcome.status == "not_checked"
    assert NO_LAYER[name] in str(outcome.reason)
