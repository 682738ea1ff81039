"""The packages that training and TensorBoard stand on, and what does not fit together."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Final

PACKAGES: Final = (
    "tb-bnplugin",
    "tensorflow",
    "keras",
    "tf_keras",
    "tensorboard",
    "setuptools",
    "numpy",
    "protobuf",
)
_OTHER_NAMES: Final = {"tensorflow": ("tensorflow-cpu", "tensorflow-macos", "tf-nightly")}
_OLDEST_TENSORFLOW: Final = (2, 16)
_SETUPTOOLS_WITHOUT_PKG_RESOURCES: Final = (82,)
_TENSORBOARD_WITHOUT_PKG_RESOURCES: Final = (2, 21)


@dataclass(frozen=True, kw_only=True)
class Environment:
    """The installed versions, and the problems between them."""

    versions: dict[str, str | None]  # of PACKAGES and "python"; None: not installed
    problems: tuple[str, ...]  # each with its remedy

    def to_json(self) -> dict[str, Any]:
        """As `tb-bnplugin doctor --format json` prints it."""
        return {"versions": self.versions, "problems": list(self.problems)}


def environment() -> Environment:
    """The environment by the metadata of the installed packages; none of them is imported."""
    versions: dict[str, str | None] = {"python": platform.python_version()}
    versions |= {name: installed(name) for name in PACKAGES}
    found = problems(
        versions, wit=installed("tensorboard-plugin-wit") is not None, variables=dict(os.environ)
    )
    return Environment(versions=versions, problems=tuple(found))


def installed(package: str) -> str | None:
    """The version of a package, None where it is not installed."""
    for name in (package, *_OTHER_NAMES.get(package, ())):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return None


def problems(versions: dict[str, str | None], *, wit: bool, variables: dict[str, str]) -> list[str]:
    """Problems between the installed packages, each with its remedy.

    Args:
        versions: of PACKAGES; None or absent: not installed.
        wit: whether tensorboard-plugin-wit is installed.
        variables: those of the environment.
    """
    found: list[str] = []
    numbers = {name: _numbers(version) for name, version in versions.items()}
    tensorboard, setuptools = numbers.get("tensorboard"), numbers.get("setuptools")
    gone = setuptools is None or setuptools >= _SETUPTOOLS_WITHOUT_PKG_RESOURCES
    if gone and tensorboard and tensorboard < _TENSORBOARD_WITHOUT_PKG_RESOURCES:
        found.append(
            f"TensorBoard {versions['tensorboard']} does not start with"
            f" {_named('setuptools', versions)} (No module named 'pkg_resources'):"
            ' pip install "setuptools<82"'
        )
    elif gone and tensorboard and wit:
        found.append(
            "tensorboard-plugin-wit keeps TensorBoard from starting with"
            f" {_named('setuptools', versions)}: pip uninstall tensorboard-plugin-wit"
        )
    tensorflow, tf_keras = numbers.get("tensorflow"), numbers.get("tf_keras")
    if tensorflow and tensorflow < _OLDEST_TENSORFLOW:
        found.append(f"TensorFlow {versions['tensorflow']} is older than the supported 2.16")
    if tensorflow and tf_keras and tensorflow[:2] != tf_keras[:2]:
        found.append(
            f"tf_keras {versions['tf_keras']} was made for another TensorFlow than"
            f' {versions["tensorflow"]}: pip install "tf_keras=={tensorflow[0]}.{tensorflow[1]}.*"'
        )
    backend = variables.get("KERAS_BACKEND", "tensorflow")
    if backend != "tensorflow":
        found.append(
            f"KERAS_BACKEND is {backend}, and tb_bnplugin records Keras 3 on TensorFlow only; what"
            " is said here of Keras 3 was measured on TensorFlow: set KERAS_BACKEND=tensorflow"
        )
    return found


def _named(package: str, versions: dict[str, str | None]) -> str:
    version = versions.get(package)
    return f"{package} {version}" if version else f"no {package}"


def _numbers(version: str | None) -> tuple[int, ...] | None:
    """(2, 16, 2) of "2.16.2", None of what is no version."""
    if version is None:
        return None
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else None
