"""What batch normalization and loss reduction really do while a Keras model trains.

Recording is `BatchNormCallback` for `fit`, `watch` and the ops in `summary` for custom loops.
`check` gives the findings of a log folder, as the command line does.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tb_bnplugin import summary as summary
    from tb_bnplugin.callback import BatchNormCallback as BatchNormCallback
    from tb_bnplugin.logs.check import check as check
    from tb_bnplugin.training.watch import Watch as Watch
    from tb_bnplugin.training.watch import watch as watch

__version__: Final = "0.1.0"

__all__ = ["BatchNormCallback", "Watch", "__version__", "check", "summary", "watch"]

# Imported when first used: TensorBoard loads this package where TensorFlow is not installed,
# and training runs where TensorBoard is not.
_MODULES: Final = {
    "BatchNormCallback": "tb_bnplugin.callback",
    "Watch": "tb_bnplugin.training.watch",
    "check": "tb_bnplugin.logs.check",
    "summary": "tb_bnplugin.summary",
    "watch": "tb_bnplugin.training.watch",
}


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    loaded = importlib.import_module(module)
    return loaded if module.endswith(f".{name}") and name == "summary" else getattr(loaded, name)


def __dir__() -> list[str]:
    return sorted(__all__)
