"""The tests on the page about tests pass and fail as it says."""

from __future__ import annotations

import re
import sys

import pytest

from tests.conftest import ROOT, Flavour
from tests.testing.test_plugin import WITH

pytest_plugins = ("pytester",)

PAGE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
(TESTS,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

PROGRAM = """
import keras
import numpy as np
import tensorflow as tf

x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
y = np.arange(64) % 3
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = keras.optimizers.SGD(0.1)


def create_model():
    norm = keras.layers.BatchNormalization(momentum=0.1, name="bn")
    return keras.Sequential([keras.Input((4,)), norm, keras.layers.Dense(3)], name="sequential")


def train_step(model, x, y):
    with tf.GradientTape() as tape:
        predictions = model(x)
        loss = loss_fn(y, predictions)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""


def test_the_tests_of_the_page(
    everything_imported: None, flavour: Flavour, pytester: pytest.Pytester
) -> None:
    name = flavour.keras.__name__
    pytester.makepyfile(train=PROGRAM.replace("import keras", f"import {name} as keras"))
    pytester.makepyfile(test_train=TESTS)
    pytester.syspathinsert()
    assert "train" not in sys.modules  # of another run
    result = pytester.runpytest_inprocess(*WITH)
    result.assert_outcomes(passed=1, failed=1)
    shown = re.findall(r"```\n(batch_norm: .*?)```", PAGE, re.DOTALL)[0]
    printed = result.stdout.str()
    for line in shown.splitlines():
        assert re.sub(r"\.\.\.$", "", line).replace("train.py:17", "train.py:18") in printed
