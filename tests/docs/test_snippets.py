"""The programs on the pages of `twin` and `recalibrate` run, and write what they say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import tb_bnplugin
from tests.conftest import ROOT, Flavour
from tests.support import twin_pairs
from tests.support.twin_pairs import compiled, cross_entropy, loop, norm_net


def snippets(page: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def values(keras: Any) -> dict[str, Any]:
    """A model that `fit` and a loop train alike, and what the pages call by these names."""
    x, y = twin_pairs.batch()
    model = compiled(keras, norm_net(keras))
    train_step = loop(model, model.optimizer, cross_entropy(keras))
    names = {"model": model, "train_step": train_step, "x": x, "y": y}
    return {**names, "tb_bnplugin": tb_bnplugin, "tf": tf}


def written(folder: Path) -> bytes:
    (file,) = (folder / "logs" / "train").iterdir()
    return file.read_bytes()


def test_twin(
    flavour: Flavour,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    first, logged = snippets("twin.md")
    given = values(flavour.keras)
    exec(first, given)
    assert str(given["report"]) in capsys.readouterr().out
    exec(logged, given)
    assert f"batch_norm/{given['model'].name}/twin".encode() in written(tmp_path)


def test_recalibrate(flavour: Flavour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (logged,) = snippets("recalibrate.md")
    given = values(flavour.keras)
    exec(logged, given)
    assert isinstance(given["result"], tb_bnplugin.Recalibration)
    assert f"batch_norm/{given['model'].name}/recalibration".encode() in written(tmp_path)
