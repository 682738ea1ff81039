"""A result as a log holds it, and what a hostile log says instead."""

from __future__ import annotations

import json
import math
from collections import Counter

import pytest

from tb_bnplugin.history.documents import MOST_RECALIBRATIONS, read_recalibrations
from tb_bnplugin.history.sound import MOST_NAMED, read_recalibration
from tb_bnplugin.measure.recalibration import RecalibratedLayer, Recalibration, Score
from tb_bnplugin.measure.recalibration_record import NAMED_LAYERS, encode_result
from tests.support.records import create_record

LAYERS = tuple(
    RecalibratedLayer(path=f"bn_{index}", values=64.0, mean_off=float(index), variance_factor=1.0)
    for index in range(200)
)
RESULT = Recalibration(
    model="model",
    layers=LAYERS,
    left={"frozen_bn": "frozen"},
    batches=4,
    rows=64,
    passes=1,
    before=Score(loss=2.0, accuracy=0.1),
    after=Score(loss=0.5, accuracy=0.9),
    batch=Score(loss=math.nan),
    applied=True,
)


def test_the_layers_that_were_furthest_off_are_named() -> None:
    facts = read_recalibration(encode_result(RESULT))
    assert (facts.applied, facts.moved, facts.kept) == (True, 200, 1)
    assert [layer.path for layer in facts.layers[:2]] == ["bn_199", "bn_198"]
    assert len(facts.layers) == NAMED_LAYERS
    assert (facts.before.loss, facts.after.accuracy, facts.batch.loss) == (2.0, 0.9, None)
    assert (facts.left[0].path, facts.left[0].reason) == ("frozen_bn", "frozen")


@pytest.mark.parametrize("number", ["1e300", "-1e300", "NaN", "Infinity", "9" * 400])
def test_numbers_that_cannot_be_are_not_known(number: str) -> None:
    document = encode_result(RESULT).decode()
    for old in ("2.0", "0.1", "199.0", '"batches":4'):
        assert old in document
        new = number if not old.startswith('"') else '"batches":-4'
        document = document.replace(old, new, 1)
    facts = read_recalibration(document.encode())
    assert (facts.before.loss, facts.before.accuracy, facts.batches) == (None, None, 0)
    assert facts.layers[0].mean_off is None


def test_many_layers_and_many_records_are_cut() -> None:
    content = json.loads(encode_result(RESULT))
    content["layers"] *= 100
    content["left"] *= 1000
    facts = read_recalibration(json.dumps(content).encode())
    assert len(facts.layers) == len(facts.left) == MOST_NAMED
    records = [
        create_record("recalibration", encode_result(RESULT), step=step, wall_time=1000.0 + step)
        for step in range(1, 61)
    ]
    skipped: Counter[str] = Counter()
    kept = read_recalibrations(records, skipped)
    assert [entry.step for entry in kept] == list(range(61 - MOST_RECALIBRATIONS, 61))
    assert sum(skipped.values()) == 60 - MOST_RECALIBRATIONS


def test_what_is_no_document_is_skipped() -> None:
    skipped: Counter[str] = Counter()
    values = (b"[]", b"{", b'{"applied": 1}', 7.0)
    records = [create_record("recalibration", value) for value in values]
    assert read_recalibrations(records, skipped) == ()
    assert sum(skipped.values()) == 4
