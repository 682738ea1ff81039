"""Which loop runs now, for traces that were made before it began."""

from __future__ import annotations

import functools

import numpy as np
import tensorflow as tf
from tensorflow.python.ops.resource_variable_ops import ResourceVariable


class RunContext:
    """Which loop runs now, known to traces already made: 0 none, 1 evaluate, 2 predict.

    A context is baked into a trace; a variable that hooks set is read when the trace runs.
    One for the process: what runs inside an evaluation loop belongs to it, whose model it be.
    """

    def __init__(self) -> None:
        self._variables: dict[str, ResourceVariable] = {}  # by device: XLA takes those of its own
        self.value = 0

    def variable_on(self, device: str) -> ResourceVariable:
        """The variable for traces that run on a device."""
        known = self._variables.get(device)
        if known is None:
            with tf.init_scope(), tf.device(device or None):
                # Made directly, so that no strategy's scope turns it into a replicated variable.
                known = ResourceVariable(
                    np.int64(self.value), trainable=False, name="bn_run_context", dtype=tf.int64
                )
            self._variables[device] = known
        return known

    def set(self, value: int) -> int:
        """Tells all traces which loop runs from now on; returns what ran before."""
        before, self.value = self.value, value
        for variable in self._variables.values():
            variable.assign(value)
        return before


@functools.cache
def run_context() -> RunContext:
    """The one run context of this process."""
    return RunContext()
