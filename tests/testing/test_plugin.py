"""The pytest plugin, in pytest runs of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Flavour

pytest_plugins = "pytester"

PLUGIN = "tb_bnplugin.testing.plugin"

# Named here, and not by the entry point, which an older installation may lack.
WITHOUT = ("-p", "no:tb_bnplugin")
WITH = (*WITHOUT, "-p", PLUGIN)

LOOP = """
import keras, numpy as np, pytest, tb_bnplugin, tensorflow as tf

X = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")


def create():
    layers = [keras.Input((3,)), keras.layers.BatchNormalization(name="bn", momentum=0.1)]
    model = keras.Sequential([*layers, keras.layers.Dense(1)], name="small")
    model.compile("sgd", "mse")
    return model


def watched(batch_norm, training=None, steps=30):
    model = create()
    watch = batch_norm.watch(model)
    optimizer = keras.optimizers.SGD(0.1)
    for step in range(1, steps + 1):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(X, training=training)))  # the line
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        tb_bnplugin.summary.batch_norm(model, step=step)
    return watch
"""

TESTS = """
def test_fit_is_fine(batch_norm, tmp_path):
    create().fit(X, X[:, :1], epochs=3, verbose=0, callbacks=[batch_norm.callback()])
    assert list((tmp_path / "batch_norm").rglob("events*"))


def test_loop_is_fine(batch_norm, tmp_path):
    watched(batch_norm, training=True)
    assert list((tmp_path / "batch_norm").rglob("events*"))
    assert tf.summary.experimental.get_step() is None


def test_loop_is_wrong(batch_norm):
    watched(batch_norm)


@pytest.mark.batch_norm(expect=["BN101"])
def test_loop_is_meant(batch_norm):
    watched(batch_norm)


@pytest.mark.batch_norm(fail_on="never")
def test_loop_is_only_looked_at(batch_norm):
    assert watched(batch_norm).findings()


def test_own_failure(batch_norm):
    watched(batch_norm)
    raise AssertionError("its own")


def test_not_watched(batch_norm):
    pass


def test_not_fitted(batch_norm):
    batch_norm.callback()


def test_not_trained(batch_norm):
    batch_norm.watch(create())


def test_not_recorded(batch_norm):
    model = create()
    batch_norm.watch(model)
    for _ in range(30):
        model(X, training=True)


@pytest.mark.batch_norm("BN101")
def test_wrong_marker(batch_norm):
    pass


def test_skips(batch_norm):
    pytest.skip("not here")


@pytest.mark.xfail(strict=True)
def test_known_to_be_wrong(batch_norm):
    watched(batch_norm)


def test_without_the_fixture():
    pass
"""


@pytest.fixture
def run(everything_imported: None, flavour: Flavour, pytester: pytest.Pytester) -> pytest.RunResult:
    name = flavour.keras.__name__
    program = (LOOP + TESTS).replace("import keras,", f"import {name} as keras,")
    path = pytester.makepyfile(test_training=program)
    assert path.name == "test_training.py"
    return pytester.runpytest_inprocess(*WITH, "--strict-markers", "-p", "no:randomly")


def section(text: str, name: str) -> str:
    """What is printed of one test that failed."""
    begin = text.index(f" {name} ____")
    return text[begin : text.find("\n____", begin + 1)]


def test_findings_fail_a_test_that_watches_its_training(
    run: pytest.RunResult,
) -> None:
    run.assert_outcomes(passed=5, failed=6, errors=1, skipped=1, xfailed=1)
    text = run.stdout.str()
    wrong = section(text, "test_loop_is_wrong")
    program = Path("test_training.py").read_text("utf-8").splitlines()
    line = 1 + next(at for at, text in enumerate(program) if "# the line" in text)
    assert f"test_training.py:{line}: error BN101 never-updated in small, layer bn" in wrong
    assert "    loss = tf.reduce_mean(tf.square(model(X, training=training)))  # the line" in wrong
    assert "  fix: Call `y = model(x, training=True)` inside the tape" in wrong
    assert '@pytest.mark.batch_norm(expect=["BN101"' in wrong
    assert "plugin.py" not in wrong  # no line of ours
    assert "Traceback" not in wrong
    assert len(wrong.splitlines()) < 25

    own = section(text, "test_own_failure")
    assert "AssertionError: its own" in own
    assert own.index("AssertionError: its own") < own.index("Batch norm findings")
    assert "error BN101 never-updated" in own[own.index("Batch norm findings") :]

    assert "nothing was watched" in section(text, "test_not_watched")
    assert "nothing was recorded" in section(text, "test_not_fitted")
    assert "nothing was recorded" in section(text, "test_not_trained")
    assert "tb_bnplugin.summary.batch_norm(model, step=step)" in section(text, "test_not_recorded")
    assert "received 'BN101'" in section(text, "ERROR at setup of test_wrong_marker")


def test_the_plugin_imports_nothing_heavy() -> None:
    heavy = ("tensorflow", "keras", "tf_keras", "numpy", "tensorboard", "google.protobuf")
    program = (
        f"import sys, {PLUGIN}\n"
        f"loaded = [name for name in {heavy!r} if name in sys.modules]\n"
        "assert not loaded, loaded"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_run_that_does_not_ask_for_it_is_left_alone(pytester: pytest.Pytester) -> None:
    """Neither TensorFlow nor numpy is imported, and pytest prints the same."""
    pytester.makepyfile(
        "import sys\n"
        "def test_one(tmp_path):\n"
        "    assert not {'tensorflow', 'keras', 'numpy'} & set(sys.modules)\n"
        "def test_two():\n"
        "    assert False, 'as it is'\n"
    )
    pytester.syspathinsert(ROOT)
    outputs = []
    for options in (WITH, WITHOUT):
        result = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", *options)
        result.assert_outcomes(passed=1, failed=1)
        outputs.append([line for line in result.outlines if " in " not in line])
    assert outputs[0] == outputs[1]


def test_the_package_declares_the_plugin() -> None:
    declared = Path(ROOT, "pyproject.toml").read_text("utf-8")
    assert f'[project.entry-points.pytest11]\ntb_bnplugin = "{PLUGIN}"\n' in declared
    assert hasattr(__import__(PLUGIN, fromlist=["batch_norm"]), "batch_norm")
