"""A base is unfrozen layer by layer for a second `fit`, the only one with the callback."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import trained_base
from benchmarks.findings.variables import changes, flat

REPORT = "https://github.com/keras-team/keras/issues/9940"
EXPECTED = {"keras": ("BN105",), "tf_keras": ("BN105",)}


def run(keras: Any, bench: Bench) -> None:
    first, new = digits().halves()
    base = trained_base(keras, first, epochs=2, momentum=0.9)
    for layer in base.layers:
        layer.trainable = False
    image = keras.Input((8, 8, 1))
    outputs = keras.layers.Dense(5, activation="softmax", name="head")(base(image))
    model = keras.Model(image, outputs)
    model.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy")
    fit(model, new.train, new.held, [], batch_size=40, epochs=2)

    for layer in model.layers[1].layers:
        layer.trainable = True  # the fault: BN105
    of_base = changes(lambda: flat(base.weights))
    of_head = changes(lambda: flat(model.get_layer("head").weights))
    bench.evidence(lambda: of_head() and not of_base())
    fit(model, new.train, new.held, bench.callbacks(), batch_size=40, epochs=3)
    count = len(base.trainable_variables)
    bench.faulty(count > 0 and not of_base(), f"{count} trainable weights of the base stand still")
    bench.faulty(of_head(), "while the head is trained")
    bench.final(model)
