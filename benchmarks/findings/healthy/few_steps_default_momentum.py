"""Few steps with the default momentum: half of the start is left, and nothing is lost."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import Digits, digits
from benchmarks.findings.nets import class_loss, dense_net
from benchmarks.findings.variables import accuracy_by_mode, norms

REPORT = "https://github.com/keras-team/keras/issues/6977"


def run(keras: Any, bench: Bench) -> None:
    whole = digits().flat()
    mean = whole.x.mean(axis=0)  # centred, so that only the scale of what enters is off
    data = Digits(x=whole.x - mean, y=whole.y, x_val=whole.x_val - mean, y_val=whole.y_val)
    model = dense_net(keras, units=64, use_bias=False)
    model.compile(keras.optimizers.Adam(3e-3), class_loss(keras), metrics=["accuracy"])
    probe_data = (data.x_val[:200], data.y_val[:200])
    model.fit(
        *data.train,
        batch_size=64,
        epochs=4,
        validation_data=data.held,
        verbose=0,
        callbacks=bench.callbacks(probe_data=probe_data),
    )
    entering = model.layers[0](data.x).numpy().var(axis=0)
    share = float(np.mean(norms(model)[0].moving_variance.numpy() > 2 * entering))
    bench.healthy(share > 0.5, f"{share:.0%} of the moving variances are twice the right ones")
    with_moving, with_batch = accuracy_by_mode(model, data)
    text = f"accuracy {with_moving:.2f}, with batch statistics {with_batch:.2f}"
    bench.healthy(with_moving > 0.93 and with_moving > with_batch - 0.02, text)
    bench.final(model)
