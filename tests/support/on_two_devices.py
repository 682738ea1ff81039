"""Runs a program as a machine with two devices would: `python -m tests.support.on_two_devices F`.

Devices are divided before the first operation, and strategies of one process number their
collective operations alike, so such a program has a process of its own.
"""

from __future__ import annotations

import runpy
import sys

import tensorflow as tf


def main(file: str) -> None:
    """Divides the CPU in two, then runs the file as a program."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    one = tf.config.LogicalDeviceConfiguration()
    tf.config.set_logical_device_configuration(cpu, [one, one])
    runpy.run_path(file, run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1])
