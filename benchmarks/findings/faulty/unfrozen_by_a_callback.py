"""A callback unfreezes the base after two epochs; `compile` in a callback is not possible."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import class_loss, trained_base
from benchmarks.findings.variables import changes, flat

REPORT = "https://github.com/keras-team/keras/issues/16234"
EXPECTED = {"keras": ("BN105",), "tf_keras": ("BN105",)}


def run(keras: Any, bench: Bench) -> None:
    first, new = digits().halves()
    base = trained_base(keras, first, epochs=2, momentum=0.9)
    base.trainable = False
    model = keras.Sequential([keras.Input((8, 8, 1)), base, keras.layers.Dense(5)])
    model.compile(keras.optimizers.Adam(5e-3), class_loss(keras))

    class Unfreeze(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 2:
                base.trainable = True  # the fault: BN105
                watched.append(changes(lambda: flat(model.layers[-1].weights)))

    watched: list[Any] = []  # whether the head changed since the base was unfrozen
    of_base = changes(lambda: flat(base.weights))
    bench.evidence(lambda: watched and watched[0]() and not of_base())
    model.fit(
        new.x,
        new.y,
        batch_size=40,
        epochs=5,
        verbose=0,
        callbacks=[Unfreeze(), *bench.callbacks()],
    )
    bench.faulty(base.trainable and not of_base(), "the unfrozen base does not change at all")
    bench.faulty(watched[0](), "while the head is trained")
    bench.final(model)
