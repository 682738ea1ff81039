"""An image-pooling branch leaves one value per channel at batch size one."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import training_step

REPORT = "https://github.com/ben-davidson-6/Gated-SCNN/pull/9"
EXPECTED = {"keras": ("BN203",), "tf_keras": ("BN203",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    image = keras.Input((8, 8, 1))
    x = layers.Conv2D(8, 3, padding="same")(image)
    pooled = layers.GlobalAveragePooling2D(keepdims=True)(x)
    norm = layers.BatchNormalization(momentum=0.9, name="pooled_norm")  # the fault: BN203
    pooled = layers.UpSampling2D(8)(layers.ReLU()(norm(pooled)))
    x = layers.Concatenate()([layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x)), pooled])
    model = keras.Model(image, layers.Conv2D(1, 1)(x))
    optimizer = keras.optimizers.Adam(1e-2)
    loss_of = keras.losses.BinaryCrossentropy(from_logits=True)
    bench.watch(model)

    train_step = training_step(model, optimizer, loss_of)

    bench.evidence(lambda: float(norm.moving_variance.numpy().max()) < 0.95)
    for step, (x, _) in enumerate(batches(data.x, data.y, size=1, steps=100), start=1):
        train_step(x, (x > 0.5).astype("float32"))
        bench.record(model, step)
    variance = float(norm.moving_variance.numpy().max())
    bench.faulty(variance < 1e-2, f"the pooled branch's variances went to nothing: {variance:.1e}")
    bench.final(model)
