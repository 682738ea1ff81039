"""What docs/preflight.md shows and names is so."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import tb_bnplugin
from tb_bnplugin.preflights.later import LATER
from tests.conftest import ROOT, Flavour
from tests.support.twin_pairs import cross_entropy, loop

TEXT = (ROOT / "docs" / "preflight.md").read_text(encoding="utf-8")
[SNIPPET] = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
[PRINTED] = re.findall(r"```\n(preflight of .*?)```", TEXT, re.DOTALL)


def values(keras: Any) -> dict[str, Any]:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(64, 12)).astype(np.float32), random.integers(0, 10, 64)
    norm = keras.layers.BatchNormalization(name="batch_normalization")
    layers = [keras.layers.Dense(8), norm, keras.layers.Dense(10)]
    model = keras.Sequential([keras.Input((12,)), *layers], name="sequential")
    model.compile("sgd", cross_entropy(keras))
    return {"model": model, "x": x, "y": y, "tb_bnplugin": tb_bnplugin}


def test_snippet(flavour: Flavour, capsys: pytest.CaptureFixture[str]) -> None:
    exec(SNIPPET, values(flavour.keras))
    assert "nothing found" in capsys.readouterr().out


def test_printed(flavour: Flavour) -> None:
    given = values(flavour.keras)
    model, optimizer = given["model"], flavour.keras.optimizers.Adam(0.01)
    step = loop(model, optimizer, cross_entropy(flavour.keras), training=None)
    x, y = given["x"][:32], given["y"][:32]
    report = tb_bnplugin.preflight(model, x, y, step, optimizer=optimizer)
    printed = " ".join(str(report).split())
    for line in PRINTED.splitlines():
        if line.startswith(("  statistics", "  train.py", "    line")):
            continue  # numbers and lines of another program
        assert " ".join(line.removesuffix("...").split()) in printed


def test_rules_that_show_later() -> None:
    [paragraph] = [part for part in TEXT.split("\n\n") if part.startswith("These rules are")]
    assert set(re.findall(r"\b(?:BN|LR)\d{3}\b", paragraph)) == set(LATER)
