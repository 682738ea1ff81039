"""A model without a softmax is compiled with a loss that takes probabilities."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/keras-team/keras/issues/17519"
EXPECTED = {"keras": ("LR112",), "tf_keras": ("LR112",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = dense_net(keras, momentum=0.9)
    # the fault: LR112
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    bench.evidence(lambda: model(data.x_val, training=False).numpy().min() < -0.01)
    fit(
        model,
        data.train,
        data.held,
        bench.callbacks(probe_data=(data.x_val[:48], data.y_val[:48])),
        batch_size=48,
        epochs=3,
    )
    outputs = model(data.x_val, training=False).numpy()
    bench.faulty(outputs.min() < -0.1, f"outputs from {outputs.min():.2f}, which are clipped")
    _, accuracy = model.evaluate(data.x_val, data.y_val, verbose=0)
    bench.faulty(accuracy < 0.9, f"validation accuracy {accuracy:.3f}")
    bench.final(model)
