"""A converter writes momentum 1; the net is trained on with images of another brightness."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import class_loss, dense_net
from benchmarks.findings.variables import norms

REPORT = "https://github.com/gmalivenko/pytorch2keras/issues/70"
EXPECTED = {"keras": ("BN202",), "tf_keras": ("BN202",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    bright, bright_val = 3 * data.x + 2, 3 * data.x_val + 2

    def net(momentum: float) -> Any:
        model = dense_net(keras, momentum=momentum)
        model.compile(keras.optimizers.Adam(1e-2), class_loss(keras), metrics=["accuracy"])
        return model

    source = net(0.9)
    source.fit(data.x, data.y, epochs=5, verbose=0)
    model = net(1.0)  # the fault: BN202
    model.set_weights(source.get_weights())
    ported = [part.copy() for part in norms(model)[0].get_weights()[2:]]
    trained = {"steps": 0}

    class Count(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            trained["steps"] += 1

    def stands_still() -> bool:
        now = norms(model)[0].get_weights()[2:]
        return all(np.array_equal(one, other) for one, other in zip(ported, now, strict=True))

    bench.evidence(lambda: trained["steps"] > 20 and stands_still())
    probe_data = (bright_val[:128], data.y_val[:128])
    history = model.fit(
        bright,
        data.y,
        epochs=4,
        validation_data=(bright_val, data.y_val),
        verbose=0,
        callbacks=[Count(), *bench.callbacks(probe_data=probe_data)],
    ).history
    loss, val_loss = history["loss"][-1], history["val_loss"][-1]
    bench.faulty(stands_still(), "the statistics are those of the port, bit by bit")
    bench.faulty(val_loss > 5 * loss, f"loss {loss:.3f} in training, {val_loss:.3f} in validation")
    bench.final(model)
