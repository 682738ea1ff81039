"""Functions of the user's that a command line names: "module:function"."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

from tb_bnplugin.errors import SavedModelError
from tb_bnplugin.printed import error_line


def load_function(name: str, argument: str) -> Any:
    """The function of "module:function". The present folder is looked in first.

    Args:
        name: as it was given.
        argument: to which, for an error.

    Raises:
        SavedModelError: there is no such module or function.
    """
    module, _, function = name.partition(":")
    if not module or not function:
        example = "train:data" if argument == "--data" else "train:make_model"
        raise SavedModelError(
            f"{argument} takes module:function, for example {example}; got {name!r}"
        )
    if "" not in sys.path and os.getcwd() not in sys.path:  # noqa: PTH109  # as sys.path has it
        sys.path.insert(0, "")
    try:
        loaded = importlib.import_module(module)
    except Exception as error:
        raise SavedModelError(f"cannot import {module}: {error_line(error)}") from error
    found = getattr(loaded, function, None)
    if not callable(found):
        raise SavedModelError(f"the module {module} has no function {function}")
    return found


def call_function(function: Any, name: str) -> Any:
    """The result of a function without arguments.

    Raises:
        SavedModelError: it raised.
    """
    try:
        return function()
    except Exception as error:
        raise SavedModelError(f"{name}() failed: {error_line(error)}") from error
