"""Values per channel of a layer that is synchronized over the processes of a job."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import pytest
import tensorflow as tf

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.calls.counting import COUNTED, LayerCounter
from tests.conftest import Flavour

WORKERS = 4


def strategy_of_a_worker() -> Any:
    """One of four processes with one replica each; nothing waits for the others."""
    strategy = mock.Mock(spec=tf.distribute.MultiWorkerMirroredStrategy)
    strategy.num_replicas_in_sync = WORKERS
    strategy.extended = SimpleNamespace(worker_devices=("/device:CPU:0",))
    return strategy


@pytest.mark.parametrize(
    ("rows", "synchronized", "below_16"),
    [(3, True, 1), (4, True, 0), (15, False, 1), (16, False, 0)],
)
@pytest.mark.parametrize("known", [True, False])
def test_the_rows_of_all_processes_count_where_they_are_added_up(
    flavour: Flavour, rows: int, synchronized: bool, below_16: int, known: bool
) -> None:
    layer = flavour.keras.layers.BatchNormalization(synchronized=synchronized)
    layer.build((None, 5))
    counter = LayerCounter(layer, strategy_of_a_worker(), Guard("model"))
    frame = sys._getframe()

    @tf.function(input_signature=[tf.TensorSpec([rows if known else None, 5])], autograph=False)
    def step(x: tf.Tensor) -> None:
        with tf.GradientTape():
            counter.wanted_by.add(1)
            counter.count((x,), {"training": True}, frame)

    step(tf.ones((rows, 5)))
    counted = dict(zip(COUNTED, np.asarray(counter.executions).tolist(), strict=True))
    assert counted["training_below_16"] == below_16
    assert counted["training_below_2"] == 0
