"""Loaded weights on new images: `fit` at a learning rate of 0 estimates the statistics anew."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import class_loss, conv_net
from benchmarks.findings.variables import changes, trained

REPORT = "https://arxiv.org/abs/1603.04779"  # adaptive batch normalization


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    source = conv_net(keras, momentum=0.9)
    source.compile(keras.optimizers.Adam(5e-3), class_loss(keras))
    source.fit(*data.train, epochs=8, batch_size=64, verbose=0)

    inverted, inverted_val = 2 * data.x + 1, 2 * data.x_val + 1
    model = conv_net(keras, momentum=0.9)
    model.set_weights(source.get_weights())
    before = accuracy(model(inverted_val, training=False), data.y_val)
    model.compile(keras.optimizers.SGD(0.0), class_loss(keras), metrics=["accuracy"])
    learned = changes(lambda: trained(model))
    held = (inverted_val, data.y_val)
    history = fit(model, (inverted, data.y), held, bench.callbacks(), batch_size=64, epochs=3)
    after = history["val_accuracy"][-1]
    bench.healthy(not learned(), "no trainable weight has changed")
    bench.healthy(after > before + 0.1, f"accuracy {before:.2f} before, {after:.2f} after")
    bench.final(model)
