"""Layers that were trained and watched before: what they did then is none of this recording's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tb_bnplugin
from tb_bnplugin.diagnose import create_ledger
from tb_bnplugin.logs.check import read_runs
from tests.conftest import Flavour
from tests.support.tiny import compile_tiny, fit


def net(keras: Any, name: str) -> Any:
    layers = [keras.layers.BatchNormalization(name=f"{name}_bn"), keras.layers.Dense(1)]
    return keras.Sequential([keras.Input((3,)), *layers], name=name)


def test_a_teacher_that_was_trained_before_only_ran_in_inference_mode(
    flavour: Flavour, tensorflow: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keras, tf = flavour.keras, tensorflow
    teacher = compile_tiny(net(keras, "teacher"))
    fit(teacher, callbacks=[tb_bnplugin.BatchNormCallback(tmp_path / "first")])
    teacher.trainable = False

    class Distil(keras.Model):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.student, self.teacher = net(keras, "student"), teacher

        def call(self, x: Any, training: Any = None) -> Any:
            return self.student(x, training=training)

        def train_step(self, data: Any) -> Any:
            x, _ = data
            soft = self.teacher(x, training=False)
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(self(x, training=True) - soft))
            weights = self.student.trainable_variables
            self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
            return {"loss": loss}

    capsys.readouterr()
    callback = tb_bnplugin.BatchNormCallback(tmp_path / "second")
    fit(compile_tiny(Distil()), callbacks=[callback], verbose=2)
    said = capsys.readouterr().err
    assert "2 batch normalization layers, 1 in training mode, 1 in inference mode" in said
    (run,) = read_runs(tmp_path, "second")[0]
    ran = {each.path: dict(each.executions) for each in create_ledger(run.models[0]).layers}
    assert ran == {
        "student/student_bn": {"training_tape": 10},
        "teacher/teacher_bn": {"inference_no_tape": 10},
    }
    contexts = {call.context for call in create_ledger(run.models[0]).layers[1].calls}
    assert contexts == {"no_tape"}
