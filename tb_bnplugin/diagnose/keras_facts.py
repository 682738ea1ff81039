"""The measured behaviour of versions of Keras: `keras_facts.json`, looked up.

The file is written by `make facts`, from what `tb-bnplugin doctor` measures with each version.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import Final

Value = bool | float | str

FILE: Final = "keras_facts.json"


def fact(keras: str, name: str) -> Value | None:
    """The answer of a Keras to one of doctor's questions.

    Args:
        keras: as records name it, "keras 3.15.1" or "tf_keras 2.21.0".
        name: of the question, "graph_training_false_honoured_in_fit".

    Returns:
        What was measured with this version, else with the nearest patch of the same minor
        version, else None: then a text must name both cases.
    """
    measured = _facts()
    for version in (keras, *_other_patches(keras, measured)):
        value = measured.get(version, {}).get(name)
        if value is not None:
            return value
    return None


def versions() -> tuple[str, ...]:
    """The versions that were measured, "keras 3.0.5" and so on."""
    return tuple(_facts())


@cache
def _facts() -> dict[str, dict[str, Value]]:
    text = resources.files(__package__).joinpath(FILE).read_text(encoding="utf-8")
    loaded: dict[str, dict[str, Value]] = json.loads(text)
    return loaded


def _other_patches(keras: str, measured: dict[str, dict[str, Value]]) -> list[str]:
    """Measured versions with the same minor version, the nearest patch first."""
    wanted = _parts(keras)
    if wanted is None:
        return []
    patches = [
        (abs(parts[1] - wanted[1]), version)
        for version in measured
        if (parts := _parts(version)) is not None and parts[0] == wanted[0]
    ]
    return [version for _, version in sorted(patches)]


def _parts(keras: str) -> tuple[str, int] | None:
    """("keras 3.15", 1) of "keras 3.15.1", also of "keras 3.15.1rc0"."""
    found = re.match(r"(\w+ \d+\.\d+)\.(\d+)", keras)
    return (found[1], int(found[2])) if found else None
