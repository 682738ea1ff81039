"""Which Keras an object belongs to: Keras 3 and tf_keras may both be imported in one process."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from dataclasses import dataclass
from typing import Any, Final, Literal

Name = Literal["keras", "tf_keras"]

_PACKAGES: Final[tuple[Name, ...]] = ("keras", "tf_keras")


@dataclass(frozen=True, kw_only=True)
class Flavour:
    """One of the two Keras."""

    name: Name
    keras: Any  # the module `keras` or `tf_keras`
    version: str  # "3.15.1"

    @property
    def is_keras_3(self) -> bool:
        """True if this is Keras 3, False if it is tf_keras."""
        return self.name == "keras"

    def __str__(self) -> str:
        """Name and version, as records state them: "keras 3.15.1"."""
        return f"{self.name} {self.version}"


def flavour_of(model: Any) -> Flavour:
    """The Keras that a model belongs to.

    Raises:
        TypeError: `model` is no Keras model.
        RuntimeError: it is a Keras 3 model on another backend than TensorFlow.
    """
    flavour = flavour_of_object(model)
    if flavour is None or not isinstance(model, flavour.keras.Model):
        what = f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__
        raise TypeError(
            "a Keras model is needed (an instance of keras.Model or tf_keras.Model),"
            f" received {what}"
        )
    if flavour.is_keras_3:
        _check_backend(flavour.keras)
    return flavour


def check_backend() -> None:
    """Check that the Keras that is imported can be recorded; tf_keras always can.

    Raises:
        RuntimeError: Keras 3 runs on another backend than TensorFlow.
    """
    if "keras" in sys.modules and "tf_keras" not in sys.modules:
        _check_backend(sys.modules["keras"])


def _check_backend(keras: Any) -> None:
    if keras.backend.backend() != "tensorflow":
        raise RuntimeError(
            f"Keras runs on {keras.backend.backend()}, and tb_bnplugin needs its TensorFlow"
            " backend: set KERAS_BACKEND=tensorflow before Keras is imported"
        )


def flavour_of_object(value: Any) -> Flavour | None:
    """The Keras that any object (layer, loss, metric, optimizer) belongs to; None: to neither."""
    for cls in type(value).__mro__:
        package = cls.__module__.partition(".")[0]
        for name in _PACKAGES:
            if package == name:
                return _flavour(name)
    return None


def is_keras_own(cls: type, method: str) -> bool | None:
    """True if the method that a class has is written in Keras; None: it has none of that name."""
    defined = next((base for base in cls.__mro__ if method in base.__dict__), None)
    return None if defined is None else defined.__module__.startswith(("keras.", "tf_keras."))


def imported_flavour() -> Flavour:
    """The Keras in use where no object tells.

    TensorFlow imports Keras 3 by itself, so that alone says nothing: tf_keras it is where it
    was asked for as `tf.keras`, or where Keras 3 cannot compute with TensorFlow.
    """
    if "tf_keras" in sys.modules and (_legacy_asked_for() or not _keras_3_runs_on_tensorflow()):
        return _flavour("tf_keras")
    for name in _PACKAGES:
        if importlib.util.find_spec(name) is not None:
            return _flavour(name)
    raise ModuleNotFoundError("neither keras nor tf_keras is installed: install one of them")


def _legacy_asked_for() -> bool:
    return os.environ.get("TF_USE_LEGACY_KERAS", "").lower() in ("1", "true")


def _keras_3_runs_on_tensorflow() -> bool:
    if importlib.util.find_spec("keras") is None:
        return False
    return str(_flavour("keras").keras.backend.backend()) == "tensorflow"


def _flavour(name: Name) -> Flavour:
    module = importlib.import_module(name)
    return Flavour(name=name, keras=module, version=str(module.__version__))
