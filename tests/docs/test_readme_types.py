"""The programs of README pass mypy and pyright, with what they take for granted as parameters."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import npm
import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow

PROGRAMS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)

# Keras and TensorFlow have no types of their own: what comes from them is Any.
HEAD = '''\
"""A program of README."""

from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

import tb_bnplugin

Array = npt.NDArray[np.float32]


def program(
    model: Any,
    x: Array,
    y: Array,
    x_val: Array,
    y_val: Array,
    dataset: Iterable[tuple[Array, Array]],
    train_dataset: Iterable[tuple[Array, Array]],
    loss_fn: Callable[[Any, Any], Any],
    train_step: Callable[[Any, Any], Any],
    evaluate: Callable[[Any], None],
) -> None:
'''
