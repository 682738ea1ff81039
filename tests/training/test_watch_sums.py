"""A loop of the program's own begins and ends with a line, as `fit` does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import tb_bnplugin
from tests.conftest import Flavour
from tests.support.tiny import X, Y, compile_tiny, create_dense, fit

BEGIN = "tb_bnplugin watches 'tiny': 1 batch normalization layer, 1 in training mode"


def train(model: Any, folder: Path, *, training: bool = True) -> None:
    """Five steps under a tape, each recorded, and a record before them."""
    with tf.summary.create_file_writer(str(folder)).as_default():
        tb_bnplugin.summary.batch_norm(model, step=0)
        for step in range(1, 6):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(X, training=training) - Y))
            gradients = tape.gradient(loss, model.trainable_variables)
            for gradient, variable in zip(gradients, model.trainable_variables, strict=True):
                variable.assign_sub(0.01 * gradient)
            tb_bnplugin.summary.batch_norm(model, step=step)


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines of this package."""
    return [line for line in capsys.readouterr().err.splitlines() if "tb_bnplugin" in line]


def test_a_loop_begins_with_its_modes_and_ends_with_what_was_found(
    flavour: Flavour, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with tb_bnplugin.watch(model := create_dense(flavour.keras, momentum=0.1)) as watch:
        train(model, tmp_path)
        assert told(capsys) == [BEGIN]
        judged = {each.code for each in watch.outcomes() if each.status in ("ok", "finding")}
        assert watch.findings() == ()
    (end,) = told(capsys)
    assert end.startswith(f"tb_bnplugin: 'tiny': no finding in {len(judged)} rules; ")
    watch.close()
    assert told(capsys) == []


def test_the_start_tells_the_fault_and_the_end_names_it(
    flavour: Flavour, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with tb_bnplugin.watch(model := create_dense(flavour.keras)):
        train(model, tmp_path, training=False)
    lines = told(capsys)
    assert lines[0] == BEGIN.replace("in training", "in inference")
    assert lines[-1].startswith("tb_bnplugin: 'tiny': 1 error: BN101 never-updated; ")


def test_who_wants_no_lines_gets_none(
    flavour: Flavour, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for quiet in ("ignore", lambda finding: None):
        with tb_bnplugin.watch(model := create_dense(flavour.keras), on_finding=quiet):
            train(model, tmp_path)
    assert told(capsys) == []


def test_a_model_that_is_watched_again_is_told_of_once(
    flavour: Flavour, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = create_dense(flavour.keras, momentum=0.1)
    watches = []
    for _ in range(2):
        watches.append(tb_bnplugin.watch(model))
        train(model, tmp_path)
    for watch in watches:
        watch.close()
    first, last = told(capsys)
    assert first == BEGIN
    assert last.startswith("tb_bnplugin: 'tiny': ")


def test_what_does_not_train_has_no_sum(
    flavour: Flavour, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    writer = tf.summary.create_file_writer(str(tmp_path))
    with tb_bnplugin.watch(model := create_dense(flavour.keras)) as watch, writer.as_default():
        for step in range(1, 6):
            model(X, training=False)
            with watch.evaluating():
                model(X, training=True)
            tb_bnplugin.summary.batch_norm(model, step=step)
    (finding,) = told(capsys)  # and one that begins with a line of this file
    assert finding.startswith("tb_bnplugin: warning BN201")


def test_a_fit_within_a_watch_is_summed_up_by_its_callback(
    flavour: Flavour, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = compile_tiny(create_dense(flavour.keras, momentum=0.1))
    with tb_bnplugin.watch(model):
        fit(model, verbose=2, callbacks=[tb_bnplugin.BatchNormCallback(tmp_path)])
        begin, end = told(capsys)
    assert begin == BEGIN
    assert "'tiny'" not in end
    assert told(capsys) == []


@pytest.mark.parametrize("on_finding", ["warn", "ignore"])
def test_a_watch_that_is_never_closed_is_summed_up_when_the_program_ends(
    flavour: Flavour, tmp_path: Path, on_finding: str
) -> None:
    program = f"""
import sys
from pathlib import Path
import {flavour.keras.__name__} as keras
import tb_bnplugin
from tests.support.tiny import create_dense
from tests.training.test_watch_sums import train
model = create_dense(keras)
watch = tb_bnplugin.watch(model, on_finding={on_finding!r})
train(model, Path(sys.argv[1]))
print("over", file=sys.stderr)
"""
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], check=True, capture_output=True, text=True
    )
    told = [line for line in ran.stderr.splitlines() if "tb_bnplugin" in line or line == "over"]
    if on_finding == "ignore":
        assert told == ["over"]
        return
    assert told[:2] == [BEGIN, "over"]
    assert told[-1].startswith("tb_bnplugin: 'tiny': ")
