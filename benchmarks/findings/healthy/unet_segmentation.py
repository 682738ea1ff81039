"""A small U-Net with a class for each pixel, trained from a data set of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits

REPORT = "https://keras.io/examples/vision/oxford_pets_image_segmentation/"


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    random = np.random.default_rng(2)

    def pictures(x: Any) -> tuple[Any, Any]:
        """Digits under noise; each pixel is background, faint stroke or full stroke."""
        masks = np.digitize(x[..., 0], [0.25, 0.75]).astype("int32")
        return (x + random.normal(0, 0.15, x.shape)).astype("float32"), masks

    def norm(x: Any) -> Any:
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))

    inputs = keras.Input((8, 8, 1))
    skips = []
    x = norm(layers.Conv2D(12, 3, padding="same", use_bias=False)(inputs))
    for filters in (16, 24):
        skips.append(x)
        x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.MaxPooling2D(2)(norm(x))
    for filters in (16, 12):
        x = layers.UpSampling2D(2)(x)
        x = layers.Concatenate()([x, skips.pop()])
        x = norm(layers.Conv2DTranspose(filters, 3, padding="same", use_bias=False)(x))
    model = keras.Model(inputs, layers.Conv2D(3, 3, padding="same", activation="softmax")(x))
    model.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy")
    x_val, masks_val = pictures(data.x_val)
    train = tf.data.Dataset.from_tensor_slices(pictures(data.x)).batch(48)
    model.fit(
        train,
        epochs=6,
        validation_data=tf.data.Dataset.from_tensor_slices((x_val, masks_val)).batch(48),
        verbose=0,
        callbacks=bench.callbacks(),
    )
    right = float(np.mean(model.predict(x_val, verbose=0).argmax(-1) == masks_val))
    most = float(np.mean(masks_val == 0))
    bench.healthy(right > 0.75, f"{right:.3f} of the pixels are right; background is {most:.3f}")
    bench.final(model)
