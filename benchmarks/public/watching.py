"""What looks on: `fit` gets the callback, and the lines that a patch adds call `_tb`.

Unwatched, the same calls do nothing but keep what must be equal.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator


class Watching:
    """The `_tb` of a program.

    Args:
        keras: the module `keras` or `tf_keras`.
        folder: where the log is written; None: the program is not watched.
    """

    def __init__(self, keras: Any, folder: Path | None) -> None:
        self._keras = keras
        self._folder = folder
        self._writer: Any = None
        self._models: dict[int, Any] = {}  # fitted or watched, in this order
        self._callbacks: dict[int, Any] = {}
        self._watches: dict[int, Any] = {}
        self._numbers: list[bytes] = []  # histories, losses
        self.told: set[str] = set()
        self.steps = 0
        self.fits = 0

    # What a patched program calls ---------------------------------------------------------------

    def watch(self, *models: Any) -> None:
        """Watches models for a loop, before its first step."""
        for model in models:
            self._models.setdefault(id(model), model)
            if self._folder is not None and id(model) not in self._watches:
                import tb_bnplugin

                self._watches[id(model)] = tb_bnplugin.watch(model, on_finding=self._hear)

    def step(self, *models: Any, loss: Any = None) -> None:
        """One step of a loop was made: a record of each model."""
        self.steps += 1
        for model in models:
            self._models.setdefault(id(model), model)
        if loss is not None:
            self._numbers.append(np.asarray(loss).tobytes())
        if self._folder is not None:
            import tb_bnplugin

            with self._writing():
                for model in models:
                    tb_bnplugin.summary.batch_norm(model, step=self.steps)

    def loss_reduction(
        self, loss: Any, y_true: Any, y_pred: Any, value: Any = None, **options: Any
    ) -> None:
        """How the loss of this step is reduced."""
        if self._folder is not None:
            import tb_bnplugin

            with self._writing():
                tb_bnplugin.summary.loss_reduction(
                    loss, y_true, y_pred, value=value, step=max(self.steps, 1), **options
                )

    @contextmanager
    def evaluating(self, *models: Any) -> Iterator[None]:
        """An evaluation loop."""
        from contextlib import ExitStack

        with ExitStack() as stack:
            if self._folder is not None:
                stack.enter_context(self._writing())
                for model in models:
                    stack.enter_context(self._watches[id(model)].evaluating())
            yield

    # What the runner calls ----------------------------------------------------------------------

    def replace_fit(self) -> None:
        """`fit` of every model gets the callback, one for each model."""
        model_class, watching = self._keras.Model, self
        fit = model_class.fit

        def watched_fit(model: Any, *args: Any, **kwargs: Any) -> Any:
            watching.fits += 1
            watching._models.setdefault(id(model), model)
            probe = _probe_data(args, kwargs)
            if watching._folder is not None:
                others = _listed(kwargs.get("callbacks"))
                kwargs["callbacks"] = [*others, watching._callback_of(model, probe, others)]
            history = fit(model, *args, **kwargs)
            for name, values in sorted(history.history.items()):
                watching._numbers.append(f"{name}{values!r}".encode())
            return history

        model_class.fit = watched_fit

    def finish(self) -> None:
        """The program is over: nothing is watched any more, and the log is complete."""
        for watch in self._watches.values():
            if self._writer is None:
                watch.close()
            else:
                with self._writing():
                    watch.close()
        if self._writer is not None:
            self._writer.close()

    def digest(self) -> str | None:
        """Hash of all weights and losses; None where nothing was trained."""
        hashed = hashlib.sha256()
        for number in self._numbers:
            hashed.update(number)
        for model in self._models.values():
            for weight in model.get_weights():
                array = np.ascontiguousarray(weight)
                hashed.update(f"{array.dtype}{array.shape}".encode())
                hashed.update(array.tobytes())
        return hashed.hexdigest() if self._models else None

    def _callback_of(self, model: Any, probe: Any, others: list[Any]) -> Any:
        """The callback of a model, with Keras' TensorBoard callback where that is used."""
        import tb_bnplugin

        if id(model) not in self._callbacks:
            target: Any = f"{self._folder}/fit{len(self._callbacks)}"
            for each in others:
                if isinstance(each, self._keras.callbacks.TensorBoard):
                    each.log_dir, target = target, each
            self._callbacks[id(model)] = tb_bnplugin.BatchNormCallback(
                target, probe_data=probe, on_finding=self._hear
            )
        return self._callbacks[id(model)]

    @contextmanager
    def _writing(self) -> Iterator[None]:
        import tensorflow as tf

        if self._writer is None:
            self._writer = tf.summary.create_file_writer(f"{self._folder}/loop")
        with self._writer.as_default():
            yield

    def _hear(self, finding: Any) -> None:
        self.told.add(f"{finding.code} {finding.severity}")


def _listed(callbacks: Any) -> list[Any]:
    if callbacks is None:
        return []
    return list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]


def _probe_data(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """One batch of what is validated or trained on, where it is arrays. Takes nothing of a data
    set, whose next elements may depend on it."""
    held = kwargs.get("validation_data")
    if not isinstance(held, (tuple, list)) or len(held) < 2:
        held = (*args[:2],) if len(args) > 1 else (kwargs.get("x"), kwargs.get("y"))
        if len(args) == 1:
            held = (args[0], kwargs.get("y"))
    x, y = (*held, None, None)[:2]
    if isinstance(x, np.ndarray) and isinstance(y, np.ndarray) and len(x) == len(y):
        return x[:32], y[:32]
    return None
