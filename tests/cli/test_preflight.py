"""`tb-bnplugin preflight`: a model and data of functions of the user's, and the exit status."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tb_bnplugin.cli import main
from tests.conftest import Flavour

PROGRAM = """
import KERAS as keras
import numpy as np
import tensorflow as tf

random = np.random.default_rng(0)
x = random.normal(5, 2, size=(100, 4)).astype("float32")

def net():
    norm = keras.layers.BatchNormalization()
    return keras.Sequential([keras.Input((4,)), norm, keras.layers.Dense(1)])

def healthy():
    model = net()
    model.compile("sgd", "mse")
    return model

def not_built():
    model = keras.Sequential([keras.layers.BatchNormalization(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model

def loop():
    model, optimizer = net(), keras.optimizers.SGD(0.01)
    model.compile("adam", "mse")  # not what the step takes

    @tf.function
    def train_step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(y - model(x)))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))

    return model, train_step

def not_compiled():
    return net()

def data():
    return x, x[:, :1] - 5

def dataset():
    return tf.data.Dataset.from_tensor_slices(data()).batch(16)

def fails():
    return 1 / 0
"""


@pytest.fixture
def folder(flavour: Flavour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "to_be_trained.py").write_text(PROGRAM.replace("KERAS", flavour.keras.__name__))
    yield tmp_path
    sys.modules.pop("to_be_trained", None)


def run(model: str, data: str = "data", *options: str) -> int:
    given = ["--data", f"to_be_trained:{data}", *options]
    return main(["preflight", f"to_be_trained:{model}", *given])


@pytest.mark.parametrize("model", ["healthy", "not_built"])
@pytest.mark.parametrize(("data", "rows"), [("data", 32), ("dataset", 16)])
def test_a_healthy_model(
    folder: Path, capsys: pytest.CaptureFixture[str], model: str, data: str, rows: int
) -> None:
    assert run(model, data) == 0
    printed, errors = capsys.readouterr()
    assert errors == ""
    assert f"steps of fit on one batch of {rows} rows\nnothing found (" in printed


def test_findings_of_a_loop(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("loop") == 1
    printed = capsys.readouterr().out
    assert "steps of train_step on one batch of 32 rows\n1 error (" in printed
    assert "to_be_trained.py:30: error BN101 never-updated" in printed
    assert "line: loss = tf.reduce_mean(tf.square(y - model(x)))" in printed
    assert "Adam" not in printed


def test_what_is_expected_fails_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("loop", "data", "--expect", "BN101") == 0
    capsys.readouterr()


def test_too_few_rows_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("healthy", "data", "--rows", "1", "--format", "json") == 1
    report = json.loads(capsys.readouterr().out)
    assert report["rows"] == 1
    found = [each["code"] for each in report["outcomes"] if each["status"] == "finding"]
    assert "BN203" in found


@pytest.mark.parametrize(
    ("model", "data", "said"),
    [
        ("nothing", "data", "has no function nothing"),
        ("fails", "data", "fails() failed: ZeroDivisionError"),
        ("healthy", "fails", "fails() failed: ZeroDivisionError"),
        ("not_compiled", "data", "is not compiled"),
        ("data", "data", "a Keras model is needed"),
        ("healthy", "net", "the data must be"),
    ],
)
def test_what_cannot_be_used(
    folder: Path, capsys: pytest.CaptureFixture[str], model: str, data: str, said: str
) -> None:
    assert run(model, data) == 2
    assert said in capsys.readouterr().err


def test_arguments(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preflight", "net", "--data", "to_be_trained:data"]) == 2
    assert "MODEL takes module:function, for example train:make_model" in capsys.readouterr().err
    assert run("healthy", "data", "--rows", "0") == 2
    assert "--rows must be 1 or more" in capsys.readouterr().err
    assert run("healthy", "data", "--expect", "BN999") == 2
    assert "BN999" in capsys.readouterr().err
