"""Which Keras is installed: some faults are gone in later versions."""

from __future__ import annotations

from importlib.metadata import version


def keras_below(major: int, minor: int) -> bool:
    """Whether the installed Keras 3 is older than a version."""
    parts = version("keras").split(".")
    return (int(parts[0]), int(parts[1])) < (major, minor)


def installed() -> str:
    """What programs run with, such as "TensorFlow 2.21.0, Keras 3.15.1, tf_keras 2.21.0"."""
    names = {"tensorflow": "TensorFlow", "keras": "Keras", "tf_keras": "tf_keras"}
    return ", ".join(f"{name} {version(package)}" for package, name in names.items())
