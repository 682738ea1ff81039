"""The line within a loss at which rows meet other rows is the place of LR104."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import tb_bnplugin
from tests.conftest import Flavour
from tests.support.tiny import create_dense

ROWS = 12


def td_error(y_true: Any, y_pred: Any) -> Any:
    apart = y_true - y_pred[:, :1]
    squared = tf.square(apart)
    return tf.reduce_mean(squared)


def trained(flavour: Flavour, folder: Path, *, source: bool) -> bytes:
    """The bytes of the log of a model that is measured twice, first where nothing is to be seen."""
    random = np.random.default_rng(0)
    labels = random.normal(size=ROWS).astype("float32")
    writer = tf.summary.create_file_writer(str(folder / "train"))
    model = create_dense(flavour.keras)
    with tb_bnplugin.watch(model, on_finding="ignore", source=source), writer.as_default():
        for step in (1, 2):
            predictions = np.full((ROWS, 1), 2.0, "float32")
            if step == 2:
                predictions += random.normal(size=(ROWS, 1)).astype("float32")
            tb_bnplugin.summary.loss_reduction(td_error, labels, predictions, step=step)
            tb_bnplugin.summary.batch_norm(model, step=step)
    writer.close()
    return b"".join(file.read_bytes() for file in folder.rglob("*tfevents*"))


@pytest.mark.parametrize("source", [True, False])
def test_the_place_of_the_finding(flavour: Flavour, tmp_path: Path, *, source: bool) -> None:
    written = trained(flavour, tmp_path, source=source)
    outcomes = tb_bnplugin.check(str(tmp_path)).outcomes
    (found,) = [each for each in outcomes if each.code == "LR104" and each.status == "finding"]
    if source:
        assert found.place is not None
        assert found.place.text.strip() == "apart = y_true - y_pred[:, :1]"
    else:
        assert found.place is None
        assert b"apart = y_true" not in written
