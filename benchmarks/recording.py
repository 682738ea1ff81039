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
from benchmarks.figures import Figure, median_seconds, paired_ratios
from tb_bnplugin.schedule import Frequency
from tb_bnplugin.training.publisher import Target
from tb_bnplugin.training.queue import work_queue
from tb_bnplugin.training.recorder import Recorder, watch_model
from tb_bnplugin.training.run import Run
from tb_bnplugin.training.writer import write

keras = tf.keras

BATCH = 32
LAYERS = 52
PAIRS = 50
STEPS_A_TURN = 10


def run() -> Iterator[Figure]:
    """All figures of recording, with MobileNetV2 at 64x64."""
    model = _model()
    yield from _one_record(model)
    yield from _steps()
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
        recorder, target = watch_model(model), Target(run=Run(), writer=writer)
        recorder.use(target.run)
        seconds: list[float] = []
        whole: list[float] = []
        for step in range(1, 42):
            model.train_on_batch(x, y)  # so that every record has changes to find
            begin = time.perf_counter()
            recorder.record(step, "cadence", target, wait=False)
            handed_over = time.perf_counter()
            work_queue().finish()
            seconds.append(handed_over - begin)
            whole.append(time.perf_counter() - begin)
        after_a_step = statistics.median(seconds[5:])
        in_all = statistics.median(whole[5:]) * 1e3
        beside = f"with what is done beside the next step {in_all:.1f} ms"
        steps = itertools.count(100)

        def one_record() -> None:
            recorder.record(next(steps), "cadence", target)

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
            name="what the thread that trains gives to it, right after a step",
            value=after_a_step * 1e3,
            limit=3,
            unit="ms",
            note=beside,
        )
        yield Figure(
            name="one record against tf.summary.histogram of the same",
            value=record / histogram,
            limit=0.01,
            unit="",
            note=f"histograms {histogram * 1e3:.0f} ms",
        )
        yield _bytes_of_a_record(recorder)
        recorder.close()
        writer.close()


def _bytes_of_a_record(recorder: Recorder) -> Figure:
    with tempfile.TemporaryDirectory() as folder:
        writer = tf.summary.create_file_writer(folder)
        sizes = []
        for step in range(100, 103):
            write(writer, recorder.snapshot(step, "cadence"))
            writer.flush()
            sizes.append(sum(path.stat().st_size for path in Path(folder).iterdir()))
        writer.close()
    return Figure(
        name="bytes of a layers record",
        value=sizes[2] - sizes[1],
        limit=240 * LAYERS + 512,
        unit="bytes",
    )


def _steps() -> Iterator[Figure]:
    """Steps with the callback's hook against bare ones of an equal model, taking turns.

    What is done beside the next step is waited for at the end of a turn, as at the end of an epoch.
    The limit is on the processor time of all threads: by the clock on the wall the steps of two
    equal models differ by several per cent from turn to turn.
    """
    x, y = _batch()
    with tempfile.TemporaryDirectory() as folder:
        bare = _model()
        cases: tuple[tuple[str, Frequency, float], ...] = (
            ("every step", "batch", 1.02),
            ("auto", "auto", 1.01),
        )
        for name, frequency, limit in cases:
            model = _model()
            callback = tb_bnplugin.BatchNormCallback(
                Path(folder, name), update_freq=frequency, channel_freq=None
            )
            callback.set_model(model)
            if name == "auto":  # the first hundreds of steps, recorded densely, are over soon
                small = {"batch_size": 1, "epochs": 4, "verbose": 0, "callbacks": [callback]}
                model.fit(np.repeat(x, 8, axis=0)[:250], np.repeat(y, 8)[:250], **small)
            callback.on_train_begin()
            batches = itertools.count()

            def watched(
                model: Any = model, callback: Any = callback, batches: Any = batches
            ) -> None:
                for _ in range(STEPS_A_TURN):
                    model.train_on_batch(x, y)
                    callback.on_train_batch_end(next(batches))
                work_queue().finish()

            def unwatched() -> None:
                for _ in range(STEPS_A_TURN):
                    bare.train_on_batch(x, y)

            for _ in range(3):
                watched()
                unwatched()
            clocks = (time.process_time, time.perf_counter)
            processor, wall = paired_ratios(watched, unwatched, PAIRS, clocks)
            since = " from step 1,000 on" if name == "auto" else ""
            yield Figure(
                name=f"step with the callback, {name}{since}, against without",
                value=processor[0],
                limit=limit,
                unit="x",
                note=f"processor time, quartiles of {PAIRS} pairs {_quartiles(processor)};"
                f" by the wall clock {wall[0]:.3f}, {_quartiles(wall)}",
            )
            callback.on_train_end()


def _quartiles(ratio: tuple[float, float, float]) -> str:
    return f"{ratio[1]:.3f} and {ratio[2]:.3f}"


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
