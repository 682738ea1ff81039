"""The callback comes with a second `fit`, whose function was traced in the first one."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import conv_net
from benchmarks.findings.variables import changes, trained

REPORT = "https://github.com/tensorflow/tensorflow/issues/49246"
EXPECTED = {"keras": ("RC101",), "tf_keras": ("RC101",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    traces: list[str] = []

    def cross_entropy(y_true: Any, y_pred: Any) -> Any:
        traces.append(y_pred.name if hasattr(y_pred, "name") else "")  # once for each tracing
        labels = tf.cast(tf.reshape(y_true, [-1]), tf.int32)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, y_pred)

    model = conv_net(keras, momentum=0.9)
    model.compile(keras.optimizers.Adam(3e-3), cross_entropy)
    model.fit(data.x, data.y, epochs=1, batch_size=48, verbose=0)  # does it run at all?
    before = len(traces)
    learns = changes(lambda: trained(model))
    bench.evidence(lambda: learns() and len(traces) == before)
    model.fit(data.x, data.y, epochs=3, batch_size=48, verbose=0, callbacks=bench.callbacks())
    bench.faulty(before > 0, "the training function was traced in the first fit")
    bench.faulty(len(traces) == before, "and is not traced again in the second")
    bench.faulty(learns(), "which trains all the same")
    bench.final(model)
