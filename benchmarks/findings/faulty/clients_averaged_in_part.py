"""Federated learning: a server averages what its clients train, and not their statistics."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, digits
from benchmarks.findings.nets import class_loss, dense_net
from benchmarks.findings.variables import at_start

REPORT = "https://github.com/SymbioticLab/FedScale/issues/57"
EXPECTED = {"keras": ("BN207",), "tf_keras": ("BN207",)}
CLIENTS, ROUNDS = 3, 5


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    x, x_val = 4 * data.x + 3, 4 * data.x_val + 3

    def member(name: str) -> Any:
        model = dense_net(keras, name=name, momentum=0.8)
        model.compile(keras.optimizers.Adam(1e-2), class_loss(keras), metrics=["accuracy"])
        return model

    server, clients = member("server"), [member(f"client_{at}") for at in range(CLIENTS)]
    shares = np.array_split(np.arange(len(x)), CLIENTS)
    rounds = {"done": 0}
    bench.evidence(lambda: rounds["done"] > 1 and at_start(server))
    watch = bench.watch(server)
    for number in range(1, ROUNDS + 1):
        for client, rows in zip(clients, shares, strict=True):
            for mine, common in zip(  # the fault: BN207
                client.trainable_variables, server.trainable_variables, strict=True
            ):
                mine.assign(common)
            client.fit(x[rows], data.y[rows], epochs=2, batch_size=32, verbose=0)
        for at, common in enumerate(server.trainable_variables):  # the fault: BN207
            common.assign(np.mean([c.trainable_variables[at].numpy() for c in clients], axis=0))
        server.evaluate(x_val, data.y_val, verbose=0)
        rounds["done"] = number
        bench.record(server, number)
    watch.close()
    of_server = accuracy(server(x_val), data.y_val)
    of_clients = min(accuracy(client(x_val), data.y_val) for client in clients)
    bench.faulty(at_start(server), "the statistics of the server are 0 and 1")
    text = f"accuracy {of_server:.2f}, where each client has {of_clients:.2f} or more"
    bench.faulty(of_server < of_clients - 0.1, text)
    bench.final(server)
