"""Environments with the versions that are supported, made under .cache/, which git ignores.

The TensorFlow, Keras and tf_keras of a pair were made for one another. Keras is pure Python, so
other versions of Keras 3 are put in front of a pair's own by PYTHONPATH (`keras_folder`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
MATRIX: Final = ROOT / ".cache" / "matrix"
# What the tests of recording and of the rules need beside TensorFlow.
FOR_TESTS: Final = ("hypothesis", "jsonschema", "pytest", "pytest-timeout", "scikit-learn")
# What later Keras 3 needs beside what the oldest does.
FOR_LATER_KERAS: Final = ("optree",)
CALM: Final = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A TensorFlow with the two Keras that go with it."""

    tensorflow: str
    keras: str
    tf_keras: str
    pythons: tuple[str, ...] = ()  # minor versions with wheels of it; none: `make setup` made it

    @property
    def name(self) -> str:
        """As tables name it."""
        return f"TensorFlow {self.tensorflow}, Keras {self.keras}, tf_keras {self.tf_keras}"

    @property
    def folder(self) -> Path:
        """Where its environment is."""
        if not self.pythons:
            return ROOT / ".venv"
        return MATRIX / f"tf-{self.tensorflow}-keras-{self.keras}"

    @property
    def python(self) -> Path:
        """Its interpreter, once it is made."""
        return self.folder / "bin" / "python"


# The oldest Keras 3 that TensorFlow 2.16 is happy with, and what `make setup` installs.
OLDEST: Final = Pair(
    tensorflow="2.16.2", keras="3.0.5", tf_keras="2.16.0", pythons=("3.11", "3.10", "3.12")
)
NEWEST: Final = Pair(tensorflow="2.21.0", keras="3.15.1", tf_keras="2.21.0")


def make(pair: Pair) -> Path:
    """The interpreter of a pair's environment, which is made where it is missing."""
    if not pair.pythons:
        return pair.python
    wanted = (
        f"tensorflow=={pair.tensorflow}",
        f"keras=={pair.keras}",
        f"tf_keras=={pair.tf_keras}",
        *FOR_TESTS,
        *FOR_LATER_KERAS,
    )
    # An environment holds the path of the folder it was made in.
    made_of, described = pair.folder / "made-of", "\n".join([str(ROOT), *wanted])
    if made_of.is_file() and made_of.read_text() == described and pair.python.exists():
        return pair.python
    print(f"making an environment with {pair.name} (minutes)", flush=True)
    python = find_python(pair.pythons)
    subprocess.run([python, "-m", "venv", "--clear", str(pair.folder)], check=True)
    install(pair.python, *wanted)
    made_of.write_text(described)
    return pair.python


def keras_folder(version: str) -> Path:
    """A folder with one version of Keras 3 and nothing else, for PYTHONPATH."""
    folder = ROOT / ".cache" / "keras" / version
    if not (folder / "keras").is_dir():
        shutil.rmtree(folder, ignore_errors=True)
        install(Path(sys.executable), "--no-deps", "--target", str(folder), f"keras=={version}")
    return folder


def install(python: Path, *arguments: str) -> None:
    """Runs pip install, which says only what went wrong."""
    command = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *arguments]
    subprocess.run(command, check=True)


def find_python(versions: Sequence[str]) -> str:
    """A Python of one of these minor versions that can make environments.

    Raises:
        SystemExit: there is none.
    """
    if f"{sys.version_info.major}.{sys.version_info.minor}" in versions:
        return sys.executable
    for version in versions:
        program = shutil.which(f"python{version}")
        # A name that is found need not run: a version manager leaves shims.
        if program and _runs(program):
            return program
    raise SystemExit(f"one of these is needed on the path: Python {', '.join(versions)}")


def _runs(program: str) -> bool:
    command = [program, "-c", "import ensurepip"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def variables(*first_on_path: Path) -> dict[str, str]:
    """The environment of a program that uses this checkout and, before it, other folders."""
    path = os.pathsep.join(map(str, (*first_on_path, ROOT)))
    return {**os.environ, **CALM, "KERAS_BACKEND": "tensorflow", "PYTHONPATH": path}
