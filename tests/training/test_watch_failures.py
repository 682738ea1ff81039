"""What goes wrong on our side: one warning, and the training goes on with the same result."""

from __future__ import annotations

import gc
import itertools
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tb_bnplugin
from tb_bnplugin import summary
from tb_bnplugin.keras.calls import counting
from tb_bnplugin.measure.layer_table import LayerTable
from tb_bnplugin.training import writer as event_file
from tb_bnplugin.training.queue import work_queue
from tests.conftest import Flavour
from tests.support.logs import create, read, read_model
from tests.support.tiny import X, Y, compile_tiny, create_dense, executions, fit


def no_space(*_: Any) -> None:
    raise OSError(28, "No space left on device")


def trained(flavour: Flavour, callbacks: list[Any]) -> list[Any]:
    """The weights after 20 steps from one seed."""
    flavour.keras.utils.set_random_seed(3)
    model = compile_tiny(create_dense(flavour.keras))
    fit(model, epochs=2, callbacks=callbacks)
    return [np.asarray(weight) for weight in model.get_weights()]


def assert_equal(one: list[Any], other: list[Any]) -> None:
    for left, right in zip(one, other, strict=True):
        np.testing.assert_array_equal(left, right)


def test_a_full_disk(flavour: Flavour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    callback = create(tmp_path)
    monkeypatch.setattr(event_file, "write", no_space)
    with pytest.warns(RuntimeWarning, match="stops recording.*No space left") as told:
        weights = trained(flavour, [callback])
    assert [entry.category for entry in told].count(RuntimeWarning) == 1
    assert_equal(weights, trained(flavour, []))


def test_a_writer_closed_by_somebody_else(flavour: Flavour, tmp_path: Path) -> None:
    keras = flavour.keras

    class Closes(keras.callbacks.Callback):  # type: ignore[misc, name-defined, unused-ignore]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 4:
                work_queue().finish()
                callback._target._own_writer.close()

    callback = create(tmp_path)
    with pytest.warns(RuntimeWarning, match="stops recording") as told:
        weights = trained(flavour, [Closes(), callback])
    assert [entry.category for entry in told].count(RuntimeWarning) == 1
    assert_equal(weights, trained(flavour, []))
    assert read_model(tmp_path).steps.tolist() == [1, 2, 3, 4]


def test_recording_goes_on_with_the_next_fit(flavour: Flavour, tmp_path: Path) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    callback = create(tmp_path)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(event_file, "write", no_space)
        with pytest.warns(RuntimeWarning, match="stops recording"):
            fit(model, callbacks=[callback])
    fit(model, callbacks=[callback])
    history = read_model(tmp_path)
    assert len(history.steps) == 10
    assert history.layer("training_tape")[-1, 0] == 20
    assert history.calls


def test_a_failure_in_an_evaluation_leaves_no_mark(
    flavour: Flavour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    callback = create(tmp_path)
    fit(model, callbacks=[callback])
    monkeypatch.setattr(event_file, "write", no_space)
    with pytest.warns(RuntimeWarning, match="stops recording"):
        model.evaluate(X, Y, verbose=0, callbacks=[callback])
    model(X[:4], training=True)
    assert executions(model)["bn"]["training_no_tape"] == 1


@pytest.mark.parametrize("records", [0, 3])
@pytest.mark.parametrize("how", ["fit", "loop"])
def test_a_log_says_that_its_recording_failed(
    flavour: Flavour, tmp_path: Path, tensorflow: ModuleType, how: str, records: int
) -> None:
    made, update = itertools.count(), LayerTable.update

    def fails(table: LayerTable, *given: Any, **options: Any) -> Any:
        if next(made) >= records:
            raise KeyError("ours")
        return update(table, *given, **options)

    model = compile_tiny(create_dense(flavour.keras))
    with pytest.MonkeyPatch.context() as patched, warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        patched.setattr(LayerTable, "update", fails)
        if how == "fit":
            watching: Any = create(tmp_path)
            fit(model, callbacks=[watching])
        else:
            watching = tb_bnplugin.watch(model)
            with tensorflow.summary.create_file_writer(str(tmp_path)).as_default():
                for step in range(1, 6):
                    model.train_on_batch(X[:4], Y[:4])
                    summary.batch_norm(model, step=step)
    (run,) = tb_bnplugin.check(str(tmp_path)).runs
    for outcomes in (watching.outcomes(), run.outcomes):
        (found,) = (outcome for outcome in outcomes if outcome.code == "RC101")
        assert (found.status, found.severity) == ("finding", "warning")
        assert "KeyError: 'ours'" in found.message
    passed = {outcome.code for outcome in run.outcomes if outcome.status == "ok"}
    assert bool(passed) is (records > 0)


def test_a_next_fit_is_not_said_to_have_failed(flavour: Flavour, tmp_path: Path) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    callback = create(tmp_path)
    fit(model, callbacks=[callback])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(LayerTable, "update", _raise)
        with pytest.warns(RuntimeWarning, match="KeyError"):
            fit(model, callbacks=[callback])
    fit(model, callbacks=[callback])
    (run,) = tb_bnplugin.check(str(tmp_path)).runs
    for outcomes in (callback.outcomes(), run.outcomes):
        assert [each.status for each in outcomes if each.code == "RC101"] == ["ok"]


def _raise(*_: Any, **__: Any) -> None:
    raise KeyError("ours")


def test_counting_that_raises(
    flavour: Flavour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise KeyError("ours")

    monkeypatch.setattr(counting.LayerCounter, "count", fails)
    with pytest.warns(RuntimeWarning, match="could not count.*KeyError") as told:
        weights = trained(flavour, [create(tmp_path)])
    assert [entry.category for entry in told].count(RuntimeWarning) == 1
    assert_equal(weights, trained(flavour, []))


def test_a_map_that_cannot_be_drawn(flavour: Flavour, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: Any) -> None:
        raise AttributeError("Keras changed")

    model = create_dense(flavour.keras)
    monkeypatch.setattr("tb_bnplugin.keras.watched_model.draw", fails)
    tb_bnplugin.watch(model)
    with pytest.warns(RuntimeWarning, match="model map.*Keras changed"):
        assert executions(model) == {"bn": {}}


def test_a_layer_replaced_during_training(flavour: Flavour, tmp_path: Path) -> None:
    keras = flavour.keras
    model = keras.Sequential(
        [keras.layers.BatchNormalization(name="old"), keras.layers.Dense(1)], name="m"
    )
    compile_tiny(model)
    callback = create(tmp_path)
    fit(model, callbacks=[callback])
    model.pop()
    model.pop()
    model.add(keras.layers.BatchNormalization(name="new"))
    model.add(keras.layers.Dense(1))
    compile_tiny(model)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)  # ours
        fit(model, callbacks=[callback])
    history = read_model(tmp_path)
    assert [layer.path for layer in history.facts.layers] == ["old", "new"]
    assert history.layer("training_tape")[-1].tolist() == [10, 10]


class TestOps:
    """Ops in a loop of one's own."""

    @pytest.fixture
    def model(self, flavour: Flavour) -> Any:
        made = create_dense(flavour.keras)
        tb_bnplugin.watch(made)
        return made

    @pytest.mark.parametrize("traced", [False, True])
    def test_a_full_disk(
        self,
        model: Any,
        tmp_path: Path,
        tensorflow: ModuleType,
        monkeypatch: pytest.MonkeyPatch,
        traced: bool,
    ) -> None:
        monkeypatch.setattr(event_file, "write", no_space)

        def record(at: Any) -> Any:
            return (
                summary.batch_norm(model, step=at),
                summary.loss_reduction("mse", Y[:4], Y[4:8], step=at),
                summary.probe(model, X[:4], Y[:4], loss="mse", step=at),
            )

        recording = tensorflow.function(record) if traced else record
        writer = tensorflow.summary.create_file_writer(str(tmp_path))

        def train() -> list[bool]:
            with writer.as_default():
                made = [recording(tensorflow.constant(at, "int64")) for at in range(1, 4)]
            return [bool(part) for parts in made for part in parts]

        with pytest.warns(RuntimeWarning, match="stops recording.*No space left") as told:
            written = train()
        assert written == [False] * 9
        assert [entry.category for entry in told].count(RuntimeWarning) == 1

    def test_a_new_writer_is_a_new_try(
        self, model: Any, tmp_path: Path, tensorflow: ModuleType
    ) -> None:
        writers = [tensorflow.summary.create_file_writer(str(tmp_path)) for _ in range(2)]
        with writers[0].as_default(), pytest.MonkeyPatch.context() as patched:
            patched.setattr(event_file, "write", no_space)
            with pytest.warns(RuntimeWarning, match="stops recording"):
                summary.batch_norm(model, step=1)
        with writers[1].as_default():
            assert bool(summary.batch_norm(model, step=2))
        assert _read_steps(tmp_path) == [2]

    def test_a_closed_writer(self, model: Any, tmp_path: Path, tensorflow: ModuleType) -> None:
        writer = tensorflow.summary.create_file_writer(str(tmp_path))
        with writer.as_default():
            assert bool(summary.batch_norm(model, step=1))
            writer.close()
            with pytest.warns(RuntimeWarning, match="stops recording"):
                assert not bool(summary.batch_norm(model, step=2))
            assert not bool(summary.batch_norm(model, step=3))  # and no second warning
        assert _read_steps(tmp_path) == [1]

    def test_findings_with_a_closed_writer(
        self, model: Any, tmp_path: Path, tensorflow: ModuleType
    ) -> None:
        watch = tb_bnplugin.watch(model)
        writer = tensorflow.summary.create_file_writer(str(tmp_path))
        with writer.as_default():
            writer.close()
            with pytest.warns(RuntimeWarning, match="stops recording"), watch.evaluating():
                model(X[:4], training=True)
            assert {outcome.code for outcome in watch.outcomes()}

    def test_a_model_that_is_gone(
        self, flavour: Flavour, tmp_path: Path, tensorflow: ModuleType
    ) -> None:
        model = create_dense(flavour.keras)
        watch = tb_bnplugin.watch(model)
        model(X[:4], training=True)
        del model
        flavour.keras.backend.clear_session()
        gc.collect()
        watch.close()
        assert isinstance(watch.findings(), tuple)


def _read_steps(folder: Path) -> list[int]:
    ((model,),) = (run.models for run in read(folder).values())
    return [int(step) for step in model.steps]
