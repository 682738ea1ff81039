"""Images are standardized for the training, and validated as they are."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, digits
from benchmarks.findings.nets import class_loss, conv_net

REPORT = "https://github.com/keras-team/keras/issues/2622"
EXPECTED = {"keras": ("BN208",), "tf_keras": ("BN208",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    pixels, held = 255.0 * data.x, 255.0 * data.x_val
    standardized = (pixels - pixels.mean()) / pixels.std()
    model = conv_net(keras, momentum=0.9)
    model.compile(keras.optimizers.Adam(3e-3), class_loss(keras), metrics=["accuracy"])
    bench.evidence(lambda: bench.calls > 60)  # two probes show it
    logs = model.fit(
        standardized,
        data.y,
        batch_size=48,
        epochs=4,
        validation_data=(held, data.y_val),
        verbose=0,
        callbacks=bench.callbacks(probe_data=(held[:128], data.y_val[:128])),
    ).history
    trained = logs["accuracy"][-1]
    moving = accuracy(model(held, training=False), data.y_val)
    bench.faulty(
        trained - moving > 0.15, f"accuracy {trained:.2f} in training, {moving:.2f} in validation"
    )
    alike = accuracy(model((held - pixels.mean()) / pixels.std(), training=False), data.y_val)
    bench.faulty(alike > 0.9, f"accuracy {alike:.2f} of images prepared alike")
    bench.final(model)
