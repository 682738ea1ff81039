"""What recording costs: one record, a step of `fit`, bytes on disk, memory."""

from __future__ import annotations

import gc
import itertools
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

import tb_bnplugin
from benchmarks.figures import Figure, median_seconds
from tb_bnplugin.recording.model_watch import ModelWatch, watch_model
from tb_bnplugin.recording.run_log import RunLog, write

keras = tf.keras

BATCH = 32
_WHEN = {"every step": "", "auto": " (from step 1,000 on)"}
LAYERS = 52


def run() -> Iterator[Figure]:
    """All figures of recording, with MobileNetV2 at 64x64."""
    model = _model()
    yield from _one_record(model)
    yield from _fit_steps()
    yield from _memory()


def _model() -> Any:
    model = keras.applications.MobileNetV2(
        input_shape=(64, 64, 3), alpha=1.0, weights=None, classes=10
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def _batch() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    random = np.random.default_rng(0)
    return random.random((BATCH, 64, 64, 3), np.float32), random.integers(0, 10, BATCH)


def _one_record(model: Any) -> Iterator[Figure]:
    x, y = _batch()
    with tempfile.TemporaryDirectory() as folder:
        writer = tf.summary.create_file_writer(folder)
        log, watch = RunLog(), watch_model(model)
        log.register(watch)
        seconds = []
        for step in range(1, 42):
            model.train_on_batch(x, y)  # so that every record has changes to find
            begin = time.perf_counter()
            write(writer, log.complete(watch, watch.snapshot(step, "cadence"), step))
            seconds.append(time.perf_counter() - begin)
        after_a_step = statistics.median(seconds[5:])
        steps = itertools.count(100)

        def one_record() -> None:
            at = next(steps)
            write(writer, log.complete(watch, watch.snapshot(at, "cadence"), at))

        record = median_seconds(one_record, 30)
        variables = [
            variable
            for layer in model.layers
            if isinstance(layer, keras.layers.BatchNormalization)
            for variable in (layer.moving_mean, layer.moving_variance, layer.gamma, layer.beta)
        ]

        def histograms() -> None:
            with writer.as_default(step=1):
                for number, variable in enumerate(variables):
                    tf.summary.histogram(str(number), variable)

        histogram = median_seconds(histograms, 3)
        yield Figure(
            name="one record of MobileNetV2 (52 layers)", value=record * 1e3, limit=3, unit="ms"
        )
        yield Figure(
            name="the same right after a training step, with cold caches",
            value=after_a_step * 1e3,
            limit=3,
            unit="ms",
        )
        yield Figure(
            name="one record against tf.summary.histogram of the same",
            value=record / histogram,
            limit=0.01,
            unit="",
            note=f"histograms {histogram * 1e3:.0f} ms",
        )
        yield _bytes_of_a_record(watch)
        watch.close()
        writer.close()


def _bytes_of_a_record(watch: ModelWatch) -> Figure:
    with tempfile.TemporaryDirectory() as folder:
        writer = tf.summary.create_file_writer(folder)
        sizes = []
        for step in range(100, 103):
            write(writer, watch.snapshot(step, "cadence"))
            writer.flush()
            sizes.append(sum(path.stat().st_size for path in Path(folder).iterdir()))
        writer.close()
    return Figure(
        name="bytes of a layers record",
        value=sizes[2] - sizes[1],
        limit=240 * LAYERS + 512,
        unit="bytes",
    )


class _StepTimes(keras.callbacks.Callback):  # type: ignore[name-defined]  # untyped
    """Time from the end of one batch to the end of the next."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self._last = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._last = 0.0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        now = time.perf_counter()
        if self._last:
            self.seconds.append(now - self._last)
        self._last = now


def _fit_steps() -> Iterator[Figure]:
    """Three equal models take turns, one fit of a few steps each."""
    random = np.random.default_rng(0)
    steps = 10
    x = random.random((BATCH * steps, 64, 64, 3), np.float32)
    y = random.integers(0, 10, BATCH * steps)
    with tempfile.TemporaryDirectory() as folder:
        programs: dict[str, tuple[Any, Any, _StepTimes]] = {}
        for name in ("bare", "every step", "auto"):
            callback = None
            if name != "bare":
                callback = tb_bnplugin.BatchNormCallback(
                    Path(folder, name),
                    update_freq="batch" if name == "every step" else "auto",
                    channel_freq=None,
                )
            programs[name] = (_model(), callback, _StepTimes())
        _advance(programs["auto"], x, y)
        medians: dict[str, list[float]] = {name: [] for name in programs}
        order = list(programs)
        for number in range(10):
            for name in order:
                model, callback, times = programs[name]
                times.seconds.clear()
                # The clock stands after our callback in the list, so that it sees its cost.
                callbacks = [part for part in (callback, times) if part is not None]
                model.fit(x, y, batch_size=BATCH, verbose=0, callbacks=callbacks)
                if number >= 2:  # the first ones trace
                    medians[name].append(statistics.median(times.seconds))
            order.append(order.pop(0))
    for name, limit in (("every step", 1.02), ("auto", 1.01)):
        ratios = [own / bare for own, bare in zip(medians[name], medians["bare"], strict=True)]
        yield Figure(
            name=f"step of fit, recorded {name}{_WHEN[name]}, against unwatched",
            value=statistics.median(ratios),
            limit=limit,
            unit="x",
            note=f"{min(ratios):.3f} to {max(ratios):.3f};"
            f" step {statistics.median(medians['bare']) * 1e3:.0f} ms",
        )


def _advance(program: tuple[Any, Any, _StepTimes], x: Any, y: Any) -> None:
    """A thousand quick steps: the first hundreds, which "auto" records densely, are over soon."""
    model, callback, _ = program
    model.fit(x[:250], y[:250], batch_size=1, epochs=4, verbose=0, callbacks=[callback])


def _memory() -> Iterator[Figure]:
    """Growth over 3,000 recorded steps of a small model, after 1,000 to warm up."""
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.BatchNormalization(), keras.layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    x, y = np.ones((1000, 4), np.float32), np.ones((1000, 1), np.float32)
    with tempfile.TemporaryDirectory() as folder:
        callback = tb_bnplugin.BatchNormCallback(folder, update_freq="batch")
        options = {"batch_size": 1, "verbose": 0, "callbacks": [callback]}
        model.fit(x, y, **options)
        gc.collect()
        before = _resident_bytes()
        model.fit(x, y, epochs=3, **options)
        gc.collect()
        grown = _resident_bytes() - before
    yield Figure(
        name="memory grown over 3,000 recorded steps",
        value=grown / 2**20,
        limit=16,
        unit="MiB",
        note="the records alone would be 1.6 MiB",
    )


def _resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * resource.getpagesize()
