"""When records are made, and how large they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import Flavour
from tests.support.logs import create, read_events, read_model
from tests.support.tiny import compile_tiny, create_dense, fit


@pytest.mark.parametrize(
    ("update_freq", "steps"),
    [
        ("batch", list(range(1, 21))),
        ("auto", list(range(1, 21))),
        # The first step is a new trace, and epochs end at 10 and 20.
        (3, [1, 3, 6, 9, 10, 12, 15, 18, 20]),
        ("epoch", [1, 10, 20]),
    ],
)
def test_update_freq(flavour: Flavour, tmp_path: Path, update_freq: Any, steps: list[int]) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    fit(model, epochs=2, callbacks=[create(tmp_path, update_freq=update_freq)])
    history = read_model(tmp_path)
    assert history.steps.tolist() == steps
    assert history.layer("training_tape")[:, 0].tolist() == steps


@pytest.mark.parametrize(
    ("channel_freq", "steps"), [("epoch", [10, 20]), (8, [1, 8, 16]), (None, [])]
)
def test_channel_freq(
    flavour: Flavour, tmp_path: Path, channel_freq: Any, steps: list[int]
) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    fit(model, epochs=2, callbacks=[create(tmp_path, channel_freq=channel_freq)])
    records = [
        event for event in read_events(tmp_path / "batch_norm") if event.tag.endswith("/channels")
    ]
    assert [record.step for record in records] == steps
    if steps == [10, 20]:
        bn, last = model.get_layer("bn"), records[-1].value
        for row, name in zip(
            last, ("moving_mean", "moving_variance", "gamma", "beta"), strict=True
        ):
            np.testing.assert_array_equal(row, np.asarray(getattr(bn, name)))


def test_several_steps_an_execution(flavour: Flavour, tmp_path: Path) -> None:
    model = compile_tiny(create_dense(flavour.keras), steps_per_execution=4)
    fit(model, callbacks=[create(tmp_path)])
    history = read_model(tmp_path)
    assert history.steps.tolist() == [4, 8, 10]
    assert history.layer("training_tape")[:, 0].tolist() == [4, 8, 10]


def test_a_record_stays_small(flavour: Flavour, tmp_path: Path) -> None:
    keras = flavour.keras
    blocks = [keras.layers.BatchNormalization() for _ in range(40)]
    model = compile_tiny(keras.Sequential([keras.Input((3,)), *blocks, keras.layers.Dense(1)]))
    fit(model, callbacks=[create(tmp_path, channel_freq=None)])
    events = read_events(tmp_path / "batch_norm")
    sizes = [event.size for event in events if event.tag.endswith("/layers")]
    assert len(sizes) >= 10
    assert max(sizes) <= 240 * 40 + 512
