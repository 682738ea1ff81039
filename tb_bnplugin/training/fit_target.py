"""Where a fit's records go: a run folder of our own, or the train run of a TensorBoard callback."""

from __future__ import annotations

import copy
import itertools
import os
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from tb_bnplugin.training.publisher import Target
from tb_bnplugin.training.run import Run, run_of_directory
from tb_bnplugin.training.writer import close, flush_or_warn


class FitTarget:
    """The run and the writer of the fits of one callback.

    Args:
        directory: a run folder, or None where `callback` is given.
        callback: Keras' TensorBoard callback, whose train run and writer are shared.

    Raises:
        OSError: the folder cannot be made or written.
    """

    def __init__(self, *, directory: str | None = None, callback: Any = None) -> None:
        self._directory = directory
        self._callback = callback
        self._run: Run | None = None
        self._own_writer: Any = None
        self._numbers: Iterator[int] = itertools.count(2)
        if directory is not None:
            _make_writable(directory)

    def copied(self, memo: dict[int, Any]) -> FitTarget:
        """The target of a copied callback: a numbered run beside, or that of a copied callback.

        Args:
            memo: of `copy.deepcopy`, which may have copied Keras' TensorBoard callback before.
        """
        if self._directory is None:
            return FitTarget(callback=copy.deepcopy(self._callback, memo))
        return FitTarget(directory=f"{self._directory}_{next(self._numbers)}")

    @property
    def is_known(self) -> bool:
        """The folder is known; a TensorBoard callback knows it from its first loop on."""
        return self._directory is not None or hasattr(self._callback, "_train_dir")

    @property
    def was_opened(self) -> bool:
        """A fit or an evaluation was recorded before."""
        return self._run is not None

    @property
    def run(self) -> Run:
        """The run; `open` comes first."""
        assert self._run is not None, "open() comes first"
        return self._run

    @property
    def present(self) -> Target:
        """The run with its writer of this moment."""
        return Target(run=self.run, writer=self._writer())

    @property
    def is_open(self) -> bool:
        """A writer takes records; the TensorBoard callback may have closed its own before us."""
        return self._own_writer is not None or (
            self._callback is not None and _takes_records(self._callback)
        )

    def open(self) -> None:
        """Take the run, and make a writer of our own before the first step, not within it."""
        self._run = run_of_directory(self._run_directory())
        if self._callback is None:
            self._writer()

    def flush(self, model: str) -> None:
        """Let others see what was written."""
        if self.is_open:
            flush_or_warn(self._writer(), model)

    def close(self) -> None:
        """Close a writer of our own; the next fit makes another."""
        if self._own_writer is not None:
            writer, self._own_writer = self._own_writer, None
            close(writer)

    def abandon(self) -> None:
        """Forget a writer that may be broken, and what was written with it."""
        self._own_writer = None
        if self._run is not None:
            self._run.forget_documents()

    def _writer(self) -> Any:
        if self._callback is not None and _takes_records(self._callback):
            return self._callback._train_writer
        if self._own_writer is None:
            self._own_writer = tf.summary.create_file_writer(self._run_directory())
        return self._own_writer

    def _run_directory(self) -> str:
        if self._directory is not None:
            return self._directory
        if not hasattr(self._callback, "_train_dir"):
            raise RuntimeError(
                "the TensorBoard callback given as log_dir is not among the callbacks of this fit;"
                " pass both: callbacks=[tensorboard, BatchNormCallback(tensorboard)]"
            )
        return str(self._callback._train_dir)


def _takes_records(callback: Any) -> bool:
    """The TensorBoard callback has a writer: it closes it at the end of `fit`, maybe before us.

    What comes after that, such as an evaluation of the trained model, has a file of its own.
    """
    if not getattr(callback, "_writers", None):
        return False
    return not getattr(callback._train_writer, "_closed", False)


def _make_writable(directory: str) -> None:
    try:
        tf.io.gfile.makedirs(directory)
        if "://" not in directory and not os.access(directory, os.W_OK):
            raise PermissionError(f"{directory!r} is not writable")
    except (OSError, tf.errors.OpError) as error:
        raise OSError(
            f"log_dir: the folder {directory!r} cannot be made or written ({error});"
            " give a folder that this user may write"
        ) from error
