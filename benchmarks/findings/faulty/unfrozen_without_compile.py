"""A frozen base is unfrozen for fine-tuning without `compile`: nothing more is trained."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import class_loss, trained_base
from benchmarks.findings.variables import changes, flat

REPORT = "https://github.com/keras-team/keras/pull/22413"
EXPECTED = {"keras": ("BN105",), "tf_keras": ("BN105",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    base = trained_base(keras, data, epochs=2, momentum=0.9)
    base.trainable = False
    model = keras.Sequential([keras.Input((8, 8, 1)), base, keras.layers.Dense(10)])
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    callbacks = bench.callbacks()
    model.fit(data.x, data.y, epochs=1, batch_size=48, verbose=0, callbacks=callbacks)
    base_weights = changes(lambda: flat(base.weights))
    head = changes(lambda: flat(model.layers[-1].weights))
    base.trainable = True  # the fault: BN105
    bench.evidence(lambda: head() and not base_weights())
    model.fit(data.x, data.y, epochs=2, batch_size=48, verbose=0, callbacks=callbacks)
    bench.faulty(base.trainable and not base_weights(), "the unfrozen base does not change at all")
    bench.faulty(head(), "while the head is trained")
    bench.final(model)
