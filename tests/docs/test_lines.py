"""The finding that README begins with, and the snippet of the page of lines, come true."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

import tb_bnplugin
from tb_bnplugin.cli.check_text import check_text
from tb_bnplugin.cli.style import Style
from tests.conftest import ROOT, Flavour

README = (ROOT / "README.md").read_text(encoding="utf-8")
(SHOWN,) = re.findall(r"```\n(  train\.py:11: .*?)```", README, re.DOTALL)
PAGE = (ROOT / "docs" / "lines.md").read_text(encoding="utf-8")
(SNIPPET,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

PROGRAM = """\
import numpy as np
import tensorflow as tf
import tb_bnplugin


def train(model, loss_of, optimizer):
    @tf.function
    def train_step(x, y):
        "FLAVOUR"
        with tf.GradientTape() as tape:
            logits = model(x)
            loss = loss_of(y, logits)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))

    for step in range(1, 41):
        train_step(np.random.normal(size=(8, 4)).astype("float32"), np.arange(8) % 3)
        tb_bnplugin.summary.batch_norm(model, step=step)
"""


pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


def run(flavour: Flavour, tensorflow: Any) -> Any:
    """Run the program, and return its watch."""
    keras = flavour.keras
    model = keras.Sequential(
        [
            keras.layers.Dense(4),
            keras.layers.BatchNormalization(name="bn"),
            keras.layers.Dense(3),
        ]
    )
    model.build((None, 4))
    # autograph takes one program in two folders for the same, and shows the first
    program = PROGRAM.replace("FLAVOUR", f"{keras.__name__} {Path.cwd()}")
    Path("train.py").write_text(program)
    names: dict[str, Any] = {}
    exec(compile(program, str(Path("train.py").absolute()), "exec"), names)
    watch = tb_bnplugin.watch(model, on_finding="ignore")
    with tensorflow.summary.create_file_writer("logs").as_default():
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        names["train"](model, loss, keras.optimizers.SGD(0.1))
    return watch


@pytest.mark.skipif(sys.version_info < (3, 11), reason="lines of a call that is several lines long")
def test_readme_shows_what_check_prints(flavour: Flavour, tensorflow: Any) -> None:
    run(flavour, tensorflow)
    printed = check_text(tb_bnplugin.check("logs"), Style(colour=False, width=100))
    lines = [line.replace(", " + str(Path(__file__)), "") for line in printed.splitlines()]
    for line in SHOWN.rstrip().splitlines()[:1] + SHOWN.rstrip().splitlines()[2:]:
        assert line in lines
    assert "line: logits = model(x) (in train_step, called from train.py:17" in printed


def test_the_snippet_of_the_page(
    flavour: Flavour, tensorflow: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    exec(SNIPPET, {"watch": run(flavour, tensorflow)})
    assert "train.py:11 BN101 logits = model(x)" in capsys.readouterr().out


def test_every_code_of_the_page_has_a_place_and_the_reverse() -> None:
    from tb_bnplugin.diagnose import places

    named = set(re.findall(r"\b(?:BN|LR)\d{3}\b", PAGE.partition("| findings")[2]))
    assert named == set(places._WAYS)
