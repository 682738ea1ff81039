"""Training with the callback works where TensorBoard is not installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import tb_bnplugin

pytestmark = pytest.mark.slow

PROGRAM = """
import sys

# None in sys.modules makes the import of that name fail, as if it were not installed.
sys.modules.update(dict.fromkeys(["tensorboard", "werkzeug"]))

import {keras} as keras
import numpy as np
import tb_bnplugin

layers = keras.layers
model = keras.Sequential([layers.Input((4,)), layers.BatchNormalization(), layers.Dense(1)])
model.compile("sgd", "mse")
x = np.random.default_rng(0).normal(size=(32, 4))
model.fit(x, x[:, :1], verbose=0, callbacks=[tb_bnplugin.BatchNormCallback(log_dir=sys.argv[1])])
"""


@pytest.mark.parametrize(
    "module",
    [
        pytest.param("keras", id="keras3", marks=pytest.mark.keras3),
        pytest.param("tf_keras", id="tf_keras", marks=pytest.mark.tf_keras),
    ],
)
def test_callback_records_without_tensorboard(module: str, tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM.format(keras=module), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    outcomes = tb_bnplugin.check(str(tmp_path))
    assert outcomes
