"""The losses of all pixels are summed on each of two replicas, and divided by the images alone."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import descend

REPORT = "https://github.com/Kulbear/ivus-segmentation-icsm2018/issues/3"
EXPECTED = {"keras": ("LR102",), "tf_keras": ("LR102",)}
REPLICAS = 2
GLOBAL_BATCH = 72


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    masks = (data.x > 0.5).astype("float32")
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        model = keras.Sequential([keras.Input((8, 8, 1))])
        model.add(layers.Conv2D(8, 3, padding="same"))
        model.add(layers.BatchNormalization(momentum=0.9))
        model.add(layers.ReLU())
        model.add(layers.Conv2D(1, 3, padding="same"))
        optimizer = keras.optimizers.SGD(1e-3)
    counter = tf.Variable(0, dtype=tf.int64, trainable=False)
    bench.watch(model)

    def mask_loss(mask: Any, logits: Any) -> Any:
        pixels = tf.nn.sigmoid_cross_entropy_with_logits(mask, logits)
        return tf.reduce_sum(pixels) / GLOBAL_BATCH  # the fault: LR102

    def replica_step(image: Any, mask: Any) -> Any:
        with tf.GradientTape() as tape:
            logits = model(image, training=True)
            loss = mask_loss(mask, logits)
        descend(optimizer, tape, loss, model.trainable_variables)
        bench.loss_reduction(mask_loss, mask, logits, step=counter, value=loss)
        pixels = tf.nn.sigmoid_cross_entropy_with_logits(mask, logits)
        return loss, tf.reduce_mean(pixels) / REPLICAS

    @tf.function
    def train_step(image: Any, mask: Any) -> Any:
        values = strategy.run(replica_step, args=(image, mask))
        return [strategy.reduce("SUM", value, axis=None) for value in values]

    factors: list[float] = []
    bench.evidence(lambda: abs(factors[-1] - 64) < 0.1)
    pairs = tf.data.Dataset.from_tensor_slices((data.x * 0.7, masks)).batch(GLOBAL_BATCH)
    for step, batch in enumerate(strategy.experimental_distribute_dataset(pairs), start=1):
        counter.assign(step)
        loss, mean = train_step(*batch)
        factors.append(float(loss) / float(mean))
        bench.record(model, step)
    bench.faulty(abs(factors[-1] - 64) < 0.1, f"{factors[-1]:.1f} times the mean of the pixels")
    bench.final(model)
