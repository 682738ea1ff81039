"""Federated learning: the server averages all weights of its clients, statistics among them."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import class_loss, dense_net

REPORT = "https://github.com/SymbioticLab/FedScale/issues/57"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()

    def compiled(name: str) -> Any:
        model = dense_net(keras, units=32, name=name, momentum=0.8)
        model.compile(keras.optimizers.Adam(5e-3), class_loss(keras), metrics=["accuracy"])
        return model

    hub, sites = compiled("hub"), [compiled(f"site_{at}") for at in range(3)]
    watch = bench.watch(hub)
    for number in range(1, 9):
        for at, site in enumerate(sites):
            site.set_weights(hub.get_weights())
            site.fit(data.x[at::3], data.y[at::3], epochs=2, batch_size=32, verbose=0)
        of_sites = [site.get_weights() for site in sites]
        hub.set_weights([np.mean(parts, axis=0) for parts in zip(*of_sites, strict=True)])
        with watch.evaluating():
            _, right = hub.evaluate(*data.held, verbose=0)
        bench.probe(hub, data.x_val[:96], data.y_val[:96], step=number)
        bench.record(hub, number)
    watch.close()
    bench.accurate(right)
    bench.final(hub)
