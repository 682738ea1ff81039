"""The README's snippets run as they stand, and what it names exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tb_bnplugin
from tb_bnplugin.cli import main
from tb_bnplugin.diagnose import COMPARISONS, RULES
from tb_bnplugin.errors import CannotExamineError
from tests.conftest import ROOT, Flavour

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
FIT, STEP, LOOP, AHEAD, TWIN, REPAIR = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


def values(flavour: Flavour) -> dict[str, Any]:
    """What the snippets take for granted: data, a model, a loss."""
    keras = flavour.keras
    random = np.random.default_rng(0)
    x = random.normal(size=(64, 4)).astype(np.float32)
    y = random.integers(0, 3, 64)
    # two steps: with the default momentum validation may still be shaped by the start
    norm = keras.layers.BatchNormalization(momentum=0.1)
    layers = [keras.layers.Dense(4), norm, keras.layers.Dense(3)]
    model = keras.Sequential(layers)
    model.build((None, 4))
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss_fn)
    return {"model": model, "loss_fn": loss_fn, "x": x, "y": y, "x_val": x, "y_val": y}


def test_fit_snippet(flavour: Flavour, capsys: pytest.CaptureFixture[str]) -> None:
    name = flavour.keras.__name__
    exec(FIT.replace("import keras", f"import {name} as keras"), values(flavour))
    assert (
        capsys.readouterr().out.rstrip().splitlines()[-1].startswith("no finding; ")
    )  # nothing is wrong with this model
    assert list(Path("logs/train").glob("events*"))


def test_step_snippet(flavour: Flavour, tensorflow: Any) -> None:
    given = values(flavour)
    given |= {"keras": flavour.keras, "tf": tensorflow, "tb_bnplugin": tb_bnplugin}
    exec(STEP, given)
    inputs = flavour.keras.Input((4,))
    norm = flavour.keras.layers.BatchNormalization(momentum=0.1)
    model = given["Model"](inputs, flavour.keras.layers.Dense(3)(norm(inputs)))
    model.compile("sgd", jit_compile=False)
    callback = tb_bnplugin.BatchNormCallback("logs")
    model.fit(given["x"], given["y"], batch_size=16, verbose=0, callbacks=[callback])
    judged = {outcome.code: outcome.status for outcome in callback.outcomes()}
    assert (judged["LR101"], judged["LR104"]) == ("ok", "ok")


def test_loop_snippet(
    flavour: Flavour, tensorflow: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    tf, given = tensorflow, values(flavour)
    model, loss_fn = given["model"], given["loss_fn"]
    optimizer = flavour.keras.optimizers.SGD(0.1)

    @tf.function
    def train_step(x: Any, y: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            predictions = model(x)  # the mistake that the README is about
            loss = loss_fn(y, predictions)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss, predictions

    dataset = tf.data.Dataset.from_tensor_slices((given["x"], given["y"])).batch(16).repeat(26)
    given |= {"dataset": dataset, "train_step": train_step}
    given["evaluate"] = lambda model: model(given["x_val"], training=False)
    exec(LOOP, given)
    assert "BN101" in capsys.readouterr().out


def test_preflight_snippet(flavour: Flavour, capsys: pytest.CaptureFixture[str]) -> None:
    exec(AHEAD, values(flavour) | {"tb_bnplugin": tb_bnplugin})
    assert "steps of fit on one batch of 32 rows\nnothing found" in capsys.readouterr().out


@pytest.mark.parametrize("training", [True, None])
def test_twin_snippet(
    flavour: Flavour, tensorflow: Any, capsys: pytest.CaptureFixture[str], *, training: bool | None
) -> None:
    tf, given = tensorflow, values(flavour)
    keras, loss_fn = flavour.keras, given["loss_fn"]
    norm = keras.layers.BatchNormalization(name="batch_normalization")
    model = keras.Sequential([keras.Input((4,)), norm, keras.layers.Dense(3)])
    model.compile("sgd", loss_fn)
    optimizer = keras.optimizers.SGD(0.01)

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_fn(y, model(x, training=training))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    given |= {"model": model, "train_step": train_step, "tb_bnplugin": tb_bnplugin}
    if training:
        exec(TWIN, given)
        return
    with pytest.raises(AssertionError):
        exec(TWIN, given)
    printed = capsys.readouterr().out.splitlines()
    shown = re.findall(r"^(?:fit against|first divergence).*", TEXT, re.MULTILINE)
    assert printed[:2] == shown


def test_repair_snippet(
    flavour: Flavour, tensorflow: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    given = values(flavour)
    x = 5 + 3 * given["x"]
    dataset = tensorflow.data.Dataset.from_tensor_slices((x, given["y"])).batch(16)
    exec(REPAIR, given | {"tb_bnplugin": tb_bnplugin, "train_dataset": dataset})
    printed = capsys.readouterr().out
    assert "Recalibrated 1 layer of 'sequential" in printed
    assert "from 4 batches (64 rows)." in printed
    callback = re.search(r"`(tb_bnplugin.RecalibrateCallback\(.*?\))`", TEXT)
    assert callback
    made = eval(callback[1], {"tb_bnplugin": tb_bnplugin, "train_dataset": dataset})
    given["model"].fit(x, given["y"], verbose=0, callbacks=[made])
    assert len(made.results) == 1


@pytest.mark.parametrize("line", re.findall(r"^tb-bnplugin (.*?)(?:  |$)", TEXT, re.MULTILINE))
def test_command_lines_are_understood(
    line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if line == "doctor":  # tests/cli/test_doctor.py runs it: it trains for long
        monkeypatch.setattr("tb_bnplugin.doctor.report", _no_report)
    # a folder that is not there is told so; a wrong option would print the usage, and exit
    assert main(line.split()) in (0, 2)
    assert "usage" not in capsys.readouterr().err


def _no_report(_: object) -> None:
    raise CannotExamineError("not in this test")


def test_rules_that_are_named_exist() -> None:
    known = {rule.RULE.code for rule in (*RULES, *COMPARISONS)}
    assert set(re.findall(r"\b(?:BN|LR|CR|RC)\d{3}\b", TEXT)) <= known


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)]+)\)", TEXT))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


@pytest.mark.parametrize("target", re.findall(r"^make (\w+)", TEXT, re.MULTILINE))
def test_make_targets_exist(target: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)
