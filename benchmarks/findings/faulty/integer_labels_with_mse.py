"""Integer labels (N, 1) with 'mse' and ten outputs: each is compared with all ten."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, digits
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/keras-team/keras/issues/16836"
EXPECTED = {"keras": ("LR104",), "tf_keras": ("LR104",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    labels = data.y.astype("float32")[:, None]
    held = data.y_val.astype("float32")[:, None]
    model = dense_net(keras, momentum=0.9)
    model.compile(keras.optimizers.Adam(1e-2), "mse")  # the fault: LR104

    def outputs_alike() -> bool:
        """All ten outputs are trained to the same number, the label itself."""
        outputs = model(data.x_val, training=False).numpy()
        return bool(np.ptp(outputs, axis=1).mean() < 2.0 and outputs.mean() > 3.0)

    logged: list[float] = []
    keep = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: logged.append(logs["loss"])
    )

    # Against rows with a single 1, as they are meant, outputs near 0 have a loss near 0.1.
    bench.evidence(lambda: logged and logged[0] > 5.0)
    model.fit(
        data.x,
        labels,
        epochs=6,
        batch_size=48,
        verbose=0,
        callbacks=[keep, *bench.callbacks(probe_data=(data.x_val[:48], held[:48]))],
    )
    score = accuracy(model.predict(data.x_val, verbose=0), data.y_val)
    bench.faulty(outputs_alike(), "all ten outputs of a row are trained to the label's number")
    bench.faulty(score < 0.3, f"accuracy {score:.2f}")
    bench.final(model)
