"""The log folder that the browser tests look at, and the growth of one of its runs.

python -m tests.browser.logs grow FOLDER      adds records to the run "growing"
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event

from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.schema.facts import Graph, LayerFacts, Node, Phase
from tests.dashboard.golden import golden_history
from tests.dashboard.logs import HOSTILE_NAMES
from tests.dashboard.write_log import (
    channel_records,
    event_of,
    scalar_event,
    write_events,
    write_history,
)
from tests.support.histories import (
    CALL,
    LAYER,
    METRIC,
    create_history,
    create_loss,
    create_probe,
    inference_columns,
)

BACKBONE_LAYERS: Final = 52
STEPS: Final = (*range(1, 51), *range(60, 401, 10))
HOSTILE_RUN: Final = "hostile <img src=x onerror=alert(1)>"
GROWING_STEPS: Final = 40


def write_all(logdir: Path) -> None:
    """Writes one run of each kind that the page must show well."""
    write_faulty(logdir)
    write_healthy(logdir)
    write_dense(logdir)
    write_gan(logdir)
    write_twice(logdir)
    write_hostile(logdir)
    write_history(logdir, replace(golden_history(), run="resnet"))
    write_history(logdir, create_history(layers=200, steps=range(1, 301), run="wide"))
    write_growing(logdir, 1, GROWING_STEPS)


def backbone_layers() -> tuple[LayerFacts, ...]:
    """Layers of a nested model, and one of the head."""
    names = [f"backbone/block_{index // 4}/bn_{index % 4}" for index in range(BACKBONE_LAYERS - 1)]
    return tuple(
        replace(LAYER, path=path, channels=8 * (1 + index // 8))
        for index, path in enumerate((*names, "head_bn"))
    )


def _with_backbone(history: ModelHistory) -> ModelHistory:
    """The history with those layers, in a chain with a join around each block of four."""
    layers = backbone_layers()
    nodes = [Node(path="input", layer_class="InputLayer", layer=None)]
    edges: list[tuple[int, int]] = []
    join = 0
    for index, layer in enumerate(layers):
        nodes.append(Node(path=f"{layer.path}_conv", layer_class="Conv2D", layer=None))
        edges.append((len(nodes) - 2, len(nodes) - 1))
        nodes.append(Node(path=layer.path, layer_class=layer.layer_class, layer=index))
        edges.append((len(nodes) - 2, len(nodes) - 1))
        if index % 4 == 3:
            nodes.append(Node(path=f"add_{index // 4}", layer_class="Add", layer=None))
            edges += [(len(nodes) - 2, len(nodes) - 1), (join, len(nodes) - 1)]
            join = len(nodes) - 1
    facts = replace(
        history.facts, layers=layers, graph=Graph(nodes=tuple(nodes), edges=tuple(edges))
    )
    *before, newest = history.phases
    return replace(history, facts=facts, phases=(*before, replace(newest, metrics=(METRIC,))))


def _write_fit(logdir: Path, history: ModelHistory, losses: np.ndarray, name: str) -> None:
    """A run as `fit` leaves it: records and scalars in train/, the validation's beside it."""
    channels = sum(layer.channels or 0 for layer in history.facts.layers)
    rows = np.random.default_rng(0).gamma(2.0, 1.0, (4, 4, channels)).astype(np.float32)
    epochs = tuple((epoch, 100 * (epoch + 1)) for epoch in range(4))
    history = replace(history, run=f"{name}/train", epochs=epochs)
    extra: list[Event] = [
        event_of(record) for record in channel_records(history, (100, 200, 300, 400), rows)
    ]
    for step, loss in zip(STEPS, losses, strict=True):
        extra.append(scalar_event("batch_loss", step, 1000.0 + step, float(loss)))
        extra.append(scalar_event("batch_accuracy", step, 1000.0 + step, 1 / (1 + float(loss))))
    write_history(logdir, history, extra)
    validation = [
        event
        for epoch, step in epochs
        for event in (
            scalar_event("epoch_loss", epoch, 1000.0 + step, 2.4 - 0.05 * epoch),
            scalar_event("epoch_accuracy", epoch, 1000.0 + step, 0.1 + 0.01 * epoch),
        )
    ]
    write_events(logdir / name / "validation", validation)


def write_faulty(logdir: Path) -> None:
    """52 layers that run in inference mode while the weights train."""
    history = create_history(
        steps=STEPS,
        layers=BACKBONE_LAYERS,
        columns={**inference_columns(STEPS), "moving_mean": 0.0, "moving_variance": 1.0},
        facts={
            "phases": (
                Phase(number=1, step=1, wall_time=1000.0, reason="fit"),
                Phase(number=2, step=201, wall_time=1200.5, reason="compile"),
            )
        },
        calls=[replace(CALL, layer=layer) for layer in range(BACKBONE_LAYERS)],
        losses=(create_loss(steps=(100, 200)),),
        probe=create_probe(1e-9, 0.5, steps=(100, 200, 300, 400)),
    )
    _write_fit(logdir, _with_backbone(history), np.full(len(STEPS), 2.303), "faulty")


def write_healthy(logdir: Path) -> None:
    """The same network, trained properly."""
    steps = np.array(STEPS, np.float64)
    history = create_history(
        steps=STEPS,
        layers=BACKBONE_LAYERS,
        columns={
            "moving_mean": 0.3 * (1 - 0.99**steps),
            "batch_mean": np.full(len(steps), 0.3),
            "moving_variance": 0.5 + 0.5 * 0.99**steps,
            "mean_gap": 0.3 * 0.99**steps,
        },
        calls=[
            replace(CALL, layer=layer, mode="training", training_argument="true", reason="graph")
            for layer in range(BACKBONE_LAYERS)
        ],
        losses=(create_loss(steps=(100, 200)),),
    )
    _write_fit(logdir, _with_backbone(history), 2.3 * np.exp(-steps / 150), "healthy")


def write_dense(logdir: Path) -> None:
    """Two networks without batch normalization whose losses differ by a factor of ten."""
    mean = create_history(layers=0, run="dense_mean", losses=(create_loss(),))
    factor = create_loss(
        static={"loss_class": "sum_over_32", "reduction": None}, measured=5.0, doubled=10.0
    )
    summed = create_history(layers=0, run="dense_sum", losses=(factor,))
    for history in (mean, summed):
        extra = [scalar_event("loss", step, 1000.0 + step, 1 / step) for step in range(1, 51)]
        write_history(logdir, history, extra)


def write_gan(logdir: Path) -> None:
    """Two models in one run."""
    write_history(logdir, create_history(run="gan", facts={"name": "generator"}))
    critic = create_history(
        run="gan", layers=2, columns=inference_columns(), facts={"name": "discriminator"}
    )
    write_history(logdir, critic, number=2)


def write_twice(logdir: Path) -> None:
    """Two fits of 40 steps, each of which counts its scalars from 1."""
    phases = tuple(
        Phase(number=number, step=step, wall_time=999.5 + step, reason="fit")
        for number, step in ((1, 1), (2, 41))
    )
    history = create_history(steps=range(1, 81), layers=2, run="twice", facts={"phases": phases})
    extra = [
        scalar_event("batch_loss", 1 + (step - 1) % 40, 1000.0 + step, 1 / step)
        for step in range(1, 81)
    ]
    write_history(logdir, history, extra)


def write_hostile(logdir: Path) -> None:
    """Names that would break a page that took them for markup."""
    history = create_history(
        layers=len(HOSTILE_NAMES), columns=inference_columns(), run=HOSTILE_RUN
    )
    rows = zip(history.facts.layers, HOSTILE_NAMES, strict=True)
    layers = tuple(replace(layer, path=name) for layer, name in rows)
    facts = replace(history.facts, layers=layers, name="<b>model</b>")
    write_history(logdir, replace(history, facts=facts))


def write_growing(logdir: Path, first: int, last: int) -> None:
    """Steps of a run that is still written."""
    steps = range(first, last + 1)
    history = create_history(steps=steps, layers=4, model={"record": steps}, run="growing")
    wall_times = np.array(steps, np.float64) + (time.time() - last)
    history = replace(history, wall_times=wall_times)
    write_history(logdir, history, number=first)


if __name__ == "__main__":
    _, command, folder = sys.argv
    if command != "grow":
        sys.exit(f"unknown command {command!r}: grow FOLDER")
    write_growing(Path(folder), GROWING_STEPS + 1, 2 * GROWING_STEPS)
