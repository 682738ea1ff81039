"""Active learning: what `predict` is least sure of is labelled next; `evaluate` between fits."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/modAL-python/modAL/issues/27"
ROUNDS, MORE = 4, 90


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = dense_net(keras, use_bias=False, activation="softmax", momentum=0.9)
    metric = keras.metrics.SparseCategoricalAccuracy()
    model.compile(keras.optimizers.Adam(4e-3), "sparse_categorical_crossentropy", metrics=[metric])
    callbacks = bench.callbacks()
    labelled = np.zeros(len(data.x), bool)
    labelled[:120] = True
    scores: list[float] = []
    for _ in range(ROUNDS):
        model.fit(
            data.x[labelled],
            data.y[labelled],
            batch_size=30,
            epochs=6,
            verbose=0,
            callbacks=callbacks,
        )
        scores.append(model.evaluate(*data.held, verbose=0, callbacks=callbacks)[1])
        pool = np.flatnonzero(~labelled)
        ordered = np.sort(model.predict(data.x[pool], verbose=0), axis=1)
        margin = ordered[:, -1] - ordered[:, -2]
        labelled[pool[np.argsort(margin)[:MORE]]] = True
    gained = scores[-1] - scores[0]
    bench.healthy(gained > 0.02, f"from round to round the accuracy rises, by {gained:.3f}")
    bench.accurate(scores[-1])
    bench.final(model)
