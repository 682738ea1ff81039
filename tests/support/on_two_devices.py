"""Runs programs as a machine with two devices would, each in a process of its own.

Devices are divided before the first operation, and strategies of one process number their
collective operations alike. The processes are forked from one that has imported TensorFlow and
both Keras, which takes longer than such a program.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import runpy
from multiprocessing.context import ForkServerContext
from pathlib import Path

import tensorflow as tf

PRELOADED = ["tensorflow", "keras", "tf_keras", "tb_bnplugin.callback", __name__]


def printed_on_two_devices(file: Path) -> str:
    """What a program prints, which has to end well."""
    heard = file.with_suffix(".printed")
    child = _server().Process(target=_run, args=(str(file.resolve()), str(heard.resolve())))
    child.start()
    child.join()
    printed = heard.read_text("utf-8")
    assert child.exitcode == 0, printed
    return printed


@functools.cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def _run(file: str, heard: str) -> None:
    """Divides the CPU in two, then runs the file as a program in its own folder."""
    with Path(heard).open("w") as stream:
        for number in (1, 2):
            os.dup2(stream.fileno(), number)
    os.chdir(Path(file).parent)
    cpu = tf.config.list_physical_devices("CPU")[0]
    one = tf.config.LogicalDeviceConfiguration()
    tf.config.set_logical_device_configuration(cpu, [one, one])
    runpy.run_path(file, run_name="__main__")
