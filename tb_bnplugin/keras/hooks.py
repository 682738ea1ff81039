"""The hooks that the callback lists of both Keras look for, with nothing done in them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from typing_extensions import Self


class Hooks:
    """Base of callbacks that serve both Keras.

    An object is a `Callback` of each Keras that is imported, so that `isinstance` says so, and
    takes nothing from it.
    """

    _model: Any = None

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:  # noqa: ARG004  # taken by __init__
        """Create an object of a class that derives from Keras' own, too."""
        made: Self = object.__new__(_with_keras(cls))
        return made

    async_safe = False
    _supports_tf_logs = True
    _chief_worker_only = False

    @property
    def model(self) -> Any:
        """The model that Keras trains; None before."""
        return self._model

    @model.setter
    def model(self, model: Any) -> None:
        self._model = model
        derived = _with_keras(_own_class(type(self)))
        if derived is not type(self):  # a Keras that was imported after this object was made
            self.__class__ = derived

    def _nothing(self, *args: Any, **kwargs: Any) -> None:
        """Hooks of Keras that nothing is done in."""

    on_batch_begin = on_batch_end = _nothing
    on_epoch_begin = on_epoch_end = on_train_batch_begin = _nothing
    on_test_begin = on_test_end = on_test_batch_begin = on_test_batch_end = _nothing
    on_predict_begin = on_predict_end = _nothing
    on_predict_batch_begin = on_predict_batch_end = _nothing

    def _implements_train_batch_hooks(self) -> bool:
        return True

    def _implements_test_batch_hooks(self) -> bool:
        return False

    def _implements_predict_batch_hooks(self) -> bool:
        return False


_BASE: Final = "_tb_bnplugin_base"

_derived: dict[tuple[type, ...], type] = {}


def _with_keras(cls: type) -> type:
    """The class, derived from the `Callback` of each Keras that is imported."""
    bases = tuple(
        base
        for name in ("keras", "tf_keras")
        if (base := _callback_of(sys.modules.get(name))) is not None
    )
    cls = _own_class(cls)
    if not bases or all(issubclass(cls, base) for base in bases):
        return cls
    key = (cls, *bases)
    if key not in _derived:
        own = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, _BASE: cls}
        _derived[key] = type(cls.__name__, key, {**own, "__doc__": cls.__doc__})
    return _derived[key]


def _own_class(cls: type) -> type:
    own: type = cls.__dict__.get(_BASE, cls)
    return own


def _callback_of(keras: Any) -> Any:
    return getattr(getattr(keras, "callbacks", None), "Callback", None)
