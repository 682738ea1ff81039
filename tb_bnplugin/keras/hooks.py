"""The hooks that the callback lists of both Keras look for, with nothing done in them."""

from __future__ import annotations

from typing import Any


class Hooks:
    """Base of callbacks that derive from neither Keras' own: one class serves both."""

    async_safe = False
    _supports_tf_logs = True
    _chief_worker_only = False

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
