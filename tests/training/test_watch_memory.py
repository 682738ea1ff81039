"""Nothing grows with the steps, and a watched model goes when its user lets go of it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import tb_bnplugin
from tb_bnplugin.training.live import KEPT_RECORDS, LiveHistory
from tb_bnplugin.training.recorder import Recorder, recorder_of, watch_model
from tests.conftest import Flavour
from tests.support.logs import create
from tests.support.tiny import X, compile_tiny, create_dense, fit


def watch_and_close(model: Any, folder: Path) -> None:
    with tb_bnplugin.watch(model):
        model(X[:4], training=True)


def watch_and_forget(model: Any, folder: Path) -> None:
    watch = tb_bnplugin.watch(model)
    model(X[:4], training=True)
    watch.findings()


def record_fit(model: Any, folder: Path) -> None:
    fit(compile_tiny(model, run_eagerly=True), callbacks=[create(folder)])


def record_with_an_op(model: Any, folder: Path) -> None:
    import tensorflow as tf

    with tf.summary.create_file_writer(str(folder)).as_default():
        tb_bnplugin.watch(model)
        tb_bnplugin.summary.batch_norm(model, step=1)


@pytest.mark.parametrize("use", [watch_and_close, watch_and_forget, record_fit, record_with_an_op])
def test_a_watched_model_can_be_collected(
    flavour: Flavour, tmp_path: Path, use: Callable[[Any, Path], None]
) -> None:
    model = create_dense(flavour.keras)
    layer = weakref.ref(model.get_layer("bn"))
    use(model, tmp_path)
    reference = weakref.ref(model)
    del model
    flavour.keras.backend.clear_session()
    gc.collect()
    assert reference() is None
    assert layer() is None


def test_counters_and_ledger_do_not_grow(flavour: Flavour, tensorflow: ModuleType) -> None:
    model = create_dense(flavour.keras)
    watch = Recorder(model)
    sizes = set()
    for step in range(1, 31):
        with tensorflow.GradientTape():
            model(X[:4], training=True)
        watch.snapshot(step, "on_demand")
        found = watch.watched._layers.found
        sizes.add((len(found), sum(len(layer.counter.seen) for layer in found.values())))
    assert sizes == {(1, 1)}


def test_retracing_of_the_same_kind_adds_nothing(flavour: Flavour, tensorflow: ModuleType) -> None:
    model = create_dense(flavour.keras)
    watch = watch_model(model)
    for _ in range(5):
        tensorflow.function(lambda: model(X[:4], training=True))()
    assert watch.watched.traces() == 1


def test_what_is_kept_in_process_is_bounded(flavour: Flavour) -> None:
    model = create_dense(flavour.keras)
    watch, live = Recorder(model), LiveHistory()
    for step in range(1, 4 * KEPT_RECORDS):
        model(X[:4], training=True)
        live.add(watch.snapshot(step, "on_demand"))
    assert {kind for kind, _ in live._series} == {
        "layers",
        "events",
    }  # few values per channel
    for kept in live._series.values():
        assert len(kept) <= KEPT_RECORDS
        assert kept[0].step == 1
        assert kept[-1].step == 4 * KEPT_RECORDS - 1


def test_asking_again_and_again_shares_one_history(flavour: Flavour) -> None:
    model = create_dense(flavour.keras)
    for _ in range(5):
        watch = tb_bnplugin.watch(model)
        model(X[:4], training=True)
        assert watch.outcomes()
    known = recorder_of(model)
    assert known is not None
    assert len(known._listeners) == 1


def test_a_watch_knows_what_the_callback_recorded(flavour: Flavour, tmp_path: Path) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    callback = create(tmp_path)
    fit(model, callbacks=[callback])
    watch = tb_bnplugin.watch(model)
    codes = {outcome.code for outcome in callback.outcomes()}
    assert {outcome.code for outcome in watch.outcomes()} == codes
