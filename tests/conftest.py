"""Both flavours of Keras in one process, the same everywhere."""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import hypothesis
import pytest

import tb_bnplugin

ROOT = Path(__file__).resolve().parent.parent

# Read when TensorFlow and Keras are imported, so set before any test is collected.
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["KERAS_HOME"] = str(ROOT / ".cache" / "keras")  # not the settings of whoever runs this
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
os.environ.pop("TF_USE_LEGACY_KERAS", None)

# The same examples at each run, however long one takes: a test fails always or never.
hypothesis.settings.register_profile("tests", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("tests")


@dataclass(frozen=True, kw_only=True)
class Flavour:
    """One of the two Keras that are supported."""

    name: str  # "keras3" or "tf_keras"
    keras: Any  # the imported module, `keras` or `tf_keras`


@pytest.fixture(scope="session")
def tensorflow() -> ModuleType:
    """TensorFlow with two logical CPU devices ("CPU:0", "CPU:1"), for tests with replicas.

    Devices can be divided only before the first operation runs, hence once for all tests.
    """
    tf = importlib.import_module("tensorflow")
    cpu = tf.config.list_physical_devices("CPU")[0]
    if tf.config.get_logical_device_configuration(cpu) is None:
        one = tf.config.LogicalDeviceConfiguration()
        tf.config.set_logical_device_configuration(cpu, [one, one])
    return tf


@pytest.fixture(scope="session")
def strategy(tensorflow: ModuleType) -> Any:
    """Two replicas, one strategy for all tests.

    Each strategy numbers its collective operations from the same start, and TensorFlow takes
    those of a second one in the process for those of the first.
    """
    return tensorflow.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


@pytest.fixture(
    scope="session",
    params=[
        pytest.param("keras3", marks=pytest.mark.keras3),
        pytest.param("tf_keras", marks=pytest.mark.tf_keras),
    ],
)
def flavour(request: pytest.FixtureRequest, tensorflow: ModuleType) -> Flavour:
    """Each flavour in turn; a test that asks for it carries the flavour's marker."""
    module = {"keras3": "keras", "tf_keras": "tf_keras"}[request.param]
    return Flavour(name=request.param, keras=importlib.import_module(module))


@pytest.fixture(scope="module", autouse=True)
def small_heap() -> None:
    """What is alive when a file of tests begins is not looked at again by the garbage collector.

    TensorFlow keeps the graphs of models that are gone. With those of thousands of tests, each
    collection takes seconds, and the last tests ten times as long as alone.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def seeded(request: pytest.FixtureRequest) -> None:
    """The same weights and order of data at each run: a test fails always or never."""
    if "flavour" in request.fixturenames:
        request.getfixturevalue("flavour").keras.utils.set_random_seed(0)


@pytest.fixture
def everything_imported(flavour: Flavour) -> None:
    """What a run within this process imports first is forgotten after it, and imported twice."""
    for module in pkgutil.walk_packages(tb_bnplugin.__path__, "tb_bnplugin."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
