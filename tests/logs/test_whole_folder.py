"""Scalars and channels of a folder: as TensorBoard's own loader gives them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.compat.proto.event_pb2 import Event

from tb_bnplugin.logs.provider import Reader
from tb_bnplugin.logs.whole_folder import WholeLogFolder
from tests.dashboard.logs import write_fit
from tests.dashboard.write_log import scalar_event, write_events


def both(logdir: Path) -> tuple[WholeLogFolder, Reader]:
    multiplexer = EventMultiplexer().AddRunsFromDirectory(str(logdir)).Reload()
    return WholeLogFolder(logdir), Reader(MultiplexerDataProvider(multiplexer, str(logdir)))


def simple(tag: str, step: int, value: float) -> Event:
    """A scalar as PyTorch and TensorFlow 1 write it."""
    event = Event(step=step, wall_time=1000.0 + step)
    event.summary.value.add(tag=tag, simple_value=value)
    return event


def test_scalars_of_every_writer(tmp_path: Path) -> None:
    write_fit(tmp_path)
    events = [simple("loss", step, 1 / step) for step in (1, 2, 3)]
    write_events(tmp_path / "old", [*events, scalar_event("epoch_loss", 1, 1001.0, float("nan"))])
    folder, reader = both(tmp_path)
    names = ("fit/train", "fit/validation", "old", "none")
    own, expected = folder.read_scalars(names), reader.read_scalars(names)
    assert [(one.run, one.tag) for one in own] == [(one.run, one.tag) for one in expected]
    assert len(own) == 4
    for one, other in zip(own, expected, strict=True):
        np.testing.assert_array_equal(one.steps, other.steps)
        np.testing.assert_array_equal(one.wall_times, other.wall_times)
        np.testing.assert_array_equal(one.values, other.values)


def test_channels(tmp_path: Path) -> None:
    write_fit(tmp_path)
    folder, reader = both(tmp_path)
    own = folder.read_channels(folder.list_channels("fit/train", "model"))
    expected = reader.read_channels(reader.list_channels("fit/train", "model"))
    assert [record.step for record in own] == [record.step for record in expected] == [25, 50]
    for one, other in zip(own, expected, strict=True):
        assert one.metadata == other.metadata
        np.testing.assert_array_equal(one.value, other.value)
    assert not folder.list_channels("fit/train", "another").tags


def test_what_is_no_number_is_none(tmp_path: Path) -> None:
    event = scalar_event("loss", 1, 1001.0, 0.5)
    event.summary.value[0].tensor.CopyFrom(Event().summary.value.add().tensor)
    write_events(tmp_path / "odd", [event])
    (series,) = WholeLogFolder(tmp_path).read_scalars(["odd"])
    assert np.isnan(series.values).tolist() == [True]
