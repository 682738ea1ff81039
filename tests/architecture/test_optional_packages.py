"""Each half works without the other's packages, and the public names cost nothing until used."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TRAINING_PACKAGES = ("tensorflow", "keras", "tf_keras")


def run_python(program: str) -> None:
    """Runs a program in a fresh interpreter; fails with what it printed."""
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize(
    "module",
    [
        "cli",
        "dashboard.loader",
        "dashboard.plugin",
        "diagnose.engine",
        "logs.check",
        "logs.folder",
        "measure.layer_table",
    ],
)
def test_reading_side_imports_without_tensorflow(module: str) -> None:
    # None in sys.modules makes the import of that name fail, as if it were not installed.
    run_python(
        f"import sys; sys.modules.update(dict.fromkeys({TRAINING_PACKAGES!r}))\n"
        f"import tb_bnplugin.{module}"
    )


def test_training_side_imports_without_tensorboard() -> None:
    run_python(
        "import sys; sys.modules.update(dict.fromkeys(['tensorboard', 'werkzeug']))\n"
        "import tb_bnplugin.callback, tb_bnplugin.summary"
    )


def test_importing_the_package_imports_nothing_heavy() -> None:
    heavy = (*TRAINING_PACKAGES, "tensorboard", "numpy", "google.protobuf")
    run_python(
        "import sys, tb_bnplugin\n"
        f"loaded = [name for name in {heavy!r} if name in sys.modules]\n"
        "assert not loaded, loaded\n"
        "assert set(tb_bnplugin.__all__) <= set(dir(tb_bnplugin)), dir(tb_bnplugin)"
    )


def test_every_public_name_resolves() -> None:
    import tb_bnplugin

    missing = [name for name in tb_bnplugin.__all__ if getattr(tb_bnplugin, name, None) is None]
    assert tb_bnplugin.__all__
    assert missing == []


def test_every_public_name_is_documented_and_listed() -> None:
    import tb_bnplugin

    names = [name for name in tb_bnplugin.__all__ if name != "__version__"]
    undocumented = [name for name in names if not getattr(tb_bnplugin, name).__doc__]
    listed = re.findall(r"^    (\w+)  +\w", tb_bnplugin.__doc__ or "", re.MULTILINE)
    assert undocumented == []
    assert sorted(listed) == sorted(names)


@pytest.mark.parametrize("method", ["findings", "outcomes", "ledger"])
def test_callback_and_watch_answer_alike(method: str) -> None:
    import tb_bnplugin

    of_callback = vars(tb_bnplugin.BatchNormCallback)[method]
    of_watch = vars(tb_bnplugin.Watch)[method]
    assert inspect.isfunction(of_callback)
    assert inspect.isfunction(of_watch)
    assert of_callback.__doc__ == of_watch.__doc__
    assert inspect.signature(of_callback) == inspect.signature(of_watch)


def test_a_public_name_stays_what_it_was_when_used_again() -> None:
    # Importing a submodule sets its name on the package, over a function of the same name.
    program = (
        "import tb_bnplugin\n"
        "for name in tb_bnplugin.__all__:\n"
        "    first = getattr(tb_bnplugin, name)\n"
        "    assert getattr(tb_bnplugin, name) is first, name\n"
    )
    run_python(program)


def test_a_name_that_is_not_public_raises_attribute_error() -> None:
    import tb_bnplugin

    with pytest.raises(AttributeError, match="no_such_name"):
        getattr(tb_bnplugin, "no_such_" + "name")
