"""Runs programs as processes of their own, forked from one that has imported TensorFlow and Keras.

The import takes longer than such a program.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

import tensorflow as tf

PRELOADED = ["tensorflow", "keras", "tf_keras", "tb_bnplugin.callback", __name__]


@dataclass(frozen=True, kw_only=True)
class Forked:
    """A program that was started."""

    process: ForkServerProcess
    output: Path

    def ended(self, seconds: float | None = None) -> bool:
        """Whether the program ends within these seconds; None: however long it takes."""
        self.process.join(seconds)
        return self.process.exitcode is not None

    @property
    def status(self) -> int:
        """The exit status; of a signal, its negative number."""
        assert self.process.exitcode is not None
        return self.process.exitcode

    def printed(self) -> str:
        """All that the program printed so far."""
        return self.output.read_text("utf-8")


def start(
    program: str,
    *arguments: str,
    output: Path,
    folder: Path,
    variables: Mapping[str, str] | None = None,
    devices: int = 1,
) -> Forked:
    """Starts a program.

    Args:
        program: the name of a module, or a file that ends with ".py".
        arguments: as `sys.argv` has them.
        output: where stdout and stderr go.
        folder: it works in.
        variables: of the environment, besides those of this process.
        devices: into which the CPU is divided.
    """
    environment = {**os.environ, **(variables or {})}
    given = (program, arguments, environment, str(output.resolve()), str(folder), devices)
    process = _server().Process(target=_run, args=given, daemon=True)
    process.start()
    return Forked(process=process, output=output)


def printed_on_two_devices(file: Path) -> str:
    """What a program prints that works in its own folder, and has to end well.

    Devices are divided before the first operation, and strategies of one process number their
    collective operations alike: hence a process for each.
    """
    output = file.with_suffix(".printed")
    run = start(str(file.resolve()), output=output, folder=file.resolve().parent, devices=2)
    assert run.ended()
    assert run.status == 0, run.printed()
    return run.printed()


@functools.cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def _run(
    program: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    output: str,
    folder: str,
    devices: int,
) -> None:
    with Path(output).open("w") as stream:
        for number in (1, 2):
            os.dup2(stream.fileno(), number)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    if devices > 1:
        cpu = tf.config.list_physical_devices("CPU")[0]
        parts = [tf.config.LogicalDeviceConfiguration() for _ in range(devices)]
        tf.config.set_logical_device_configuration(cpu, parts)
    sys.argv = [program, *arguments]
    if program.endswith(".py"):
        runpy.run_path(program, run_name="__main__")
    else:
        runpy.run_module(program, run_name="__main__", alter_sys=True)
