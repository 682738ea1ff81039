"""A log folder with all that TensorBoard may find in one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.schema.facts import Phase
from tb_bnplugin.schema.plugin_data_pb2 import PluginData
from tb_bnplugin.schema.records import Metadata, create_content
from tests.dashboard.write_log import (
    channel_records,
    event_of,
    scalar_event,
    tensor_event,
    write_events,
    write_history,
)
from tests.support.histories import create_history, create_loss, inference_columns

LONG_STEPS: Final = range(1, 5001)
HOSTILE_NAMES: Final = (
    "<script>alert(1)</script>",
    "n" * 10_000,
    "two\nlines\x1b[31m",
    "\u202eright to left",
)

ANY_LOSS: Final = create_content(Metadata(kind="loss", model="model", name="loss"))

RUNS: Final = (
    "cut/train",
    "fit/train",
    "hostile",
    "long/train",
    "misshapen",
    "newer",
    "no_value",
    "pair",
    "two_phases",
)


def write_all(logdir: Path) -> None:
    """Writes one run of each kind."""
    write_fit(logdir)
    write_history(logdir, long_history())
    hostile = create_history(layers=len(HOSTILE_NAMES), run="hostile")
    rows = zip(hostile.facts.layers, HOSTILE_NAMES, strict=True)
    layers = tuple(replace(layer, path=name) for layer, name in rows)
    write_history(logdir, replace(hostile, facts=replace(hostile.facts, layers=layers)))
    write_newer(logdir)
    write_no_value(logdir)
    write_misshapen(logdir)
    write_cut(logdir)
    write_two_phases(logdir)
    pair = create_history(run="pair")
    write_history(logdir, pair)
    critic = create_history(run="pair", layers=1, facts={"name": "critic"})
    write_history(logdir, critic, number=2)


def write_fit(logdir: Path) -> None:
    """The files of a `fit` with both callbacks: two runs, scalars on batches and on epochs."""
    history = create_history(run="fit/train", losses=(create_loss(),))
    history = replace(history, epochs=((0, 25), (1, 50)))
    channels = np.arange(2 * 4 * 24, dtype=np.float32).reshape(2, 4, 24)
    extra = [event_of(record) for record in channel_records(history, (25, 50), channels)]
    extra += [scalar_event("batch_loss", step, 1000.0 + step, 1 / step) for step in range(1, 51)]
    write_history(logdir, history, extra)
    write_events(
        logdir / "fit" / "validation",
        [scalar_event("epoch_loss", epoch, 1025.0 + 25 * epoch, 2.0) for epoch in (0, 1)],
    )


def long_history() -> ModelHistory:
    """5,000 steps in which four layers never update their statistics."""
    return create_history(
        steps=LONG_STEPS,
        layers=4,
        columns={**inference_columns(LONG_STEPS), "moving_mean": 0.0, "moving_variance": 1.0},
        run="long/train",
    )


def write_newer(logdir: Path) -> None:
    """A record of a format that this version does not read."""
    content = PluginData(version=99, kind=PluginData.LAYERS, model="m").SerializeToString()
    event = tensor_event("batch_norm/m/layers", 1, 1001.0, np.zeros((2, 3)), content=content)
    write_events(logdir / "newer", [event])


def write_no_value(logdir: Path) -> None:
    """A readable run with one tag that has metadata and no tensor."""
    history = create_history(run="no_value")
    event = tensor_event("batch_norm/odd", 1, 1001.0, 0.0, content=ANY_LOSS)
    event.summary.value[0].ClearField("tensor")
    write_history(logdir, history, [event])


def write_misshapen(logdir: Path) -> None:
    """A readable run with tensors of a wrong size, type and rank among its records."""
    history = create_history(run="misshapen")
    wrong_size = tensor_event("batch_norm/wrong_size", 1, 1001.0, np.zeros(4), content=ANY_LOSS)
    wrong_size.summary.value[0].tensor.tensor_shape.dim[0].size = 5
    wrong_type = tensor_event("batch_norm/wrong_type", 1, 1001.0, [b"text"], content=ANY_LOSS)
    rank = tensor_event("batch_norm/model/layers", 51, 1051.0, np.zeros(3))
    write_history(logdir, history, [wrong_size, wrong_type, rank])


def write_cut(logdir: Path) -> None:
    """An event file that ends inside its last record."""
    path = write_history(logdir, create_history(run="cut/train"))
    path.write_bytes(path.read_bytes()[:-100])


def write_two_phases(logdir: Path) -> None:
    """Two `fit` calls with a `compile` between them, in one process and one folder."""
    history = create_history(
        steps=range(1, 101),
        run="two_phases",
        facts={
            "phases": (
                Phase(number=1, step=1, wall_time=1000.0, reason="fit"),
                Phase(number=2, step=51, wall_time=1050.5, reason="compile"),
            )
        },
    )
    write_history(logdir, history)
