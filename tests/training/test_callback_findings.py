"""An error is told once while it trains, as `on_finding` says, and `findings` holds it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tb_bnplugin
from tests.conftest import Flavour
from tests.support.logs import read_model
from tests.support.tiny import X, Y, compile_tiny, create_dense
from tests.support.tiny import fit as fit_tiny

BATCH = 20


def fit(model: Any, **how: Any) -> Any:
    """Epochs of two batches, large enough that no rule minds their size."""
    return fit_tiny(model, **({"batch_size": BATCH} | how))


def create_without_training(keras: Any) -> Any:
    """A subclassed model whose `call` has no `training`: Keras 3 trains it in inference mode."""

    class Own(keras.Model):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.first = keras.layers.Dense(4)
            self.bn = keras.layers.BatchNormalization()
            self.head = keras.layers.Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.head(self.bn(self.first(inputs)))

    return compile_tiny(Own())


def create_adapting(keras: Any) -> Any:
    """A model whose evaluation moves its statistics (BN104), on both Keras."""

    class Own(keras.Model):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.bn = keras.layers.BatchNormalization()
            self.head = keras.layers.Dense(1)

        def call(self, inputs: Any, training: Any = None) -> Any:
            return self.head(self.bn(inputs, training=True))

    return compile_tiny(Own())


def codes(callback: Any) -> set[str]:
    return {finding.code for finding in callback.findings() if finding.severity == "error"}


def test_inference_mode_in_training_is_told_once(
    flavour: Flavour, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = create_without_training(flavour.keras)
    callback = tb_bnplugin.BatchNormCallback(tmp_path)
    for _ in range(2):
        fit(model, epochs=3, callbacks=[callback])
    told = capfd.readouterr().err
    if flavour.name == "keras3":
        assert told.count(": error BN106") == 1
        assert "BN101" not in told  # one fault is told once
        assert "training=None" in str(callback.findings())  # the cure
        assert codes(callback) == {"BN106"}
    else:
        assert "tb_bnplugin" not in told
        assert codes(callback) == set()


def test_a_healthy_training_says_nothing(
    flavour: Flavour, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = compile_tiny(create_dense(flavour.keras, momentum=0.1))
    callback = tb_bnplugin.BatchNormCallback(tmp_path)
    fit(model, epochs=3, callbacks=[callback], validation_data=(X, Y))
    assert "tb_bnplugin" not in capfd.readouterr().err
    assert [finding for finding in callback.findings() if finding.severity != "info"] == []
    assert {outcome.status for outcome in callback.outcomes()} <= {"ok", "not_checked", "finding"}


def test_what_ends_by_itself_is_told_at_the_end_of_a_training_that_ends_in_it(
    flavour: Flavour, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Means of 3 at a deviation of 2: off by more than half of it while 0.9^n > 1/3, n <= 10."""
    heard: list[str] = []
    keras = flavour.keras

    class Listen(keras.callbacks.Callback):  # type: ignore[misc, name-defined, unused-ignore]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            heard.extend(f.code for f in callback.findings() if f.severity == "warning")

    for epochs, told in ((3, 1), (60, 0)):
        layers = [keras.Input((3,)), keras.layers.BatchNormalization(momentum=0.9)]
        model = compile_tiny(keras.Sequential([*layers, keras.layers.Dense(1)]))
        callback = tb_bnplugin.BatchNormCallback(tmp_path / f"{epochs}")
        fit(model, epochs=epochs, callbacks=[callback, Listen()], validation_data=(X, Y))
        assert capfd.readouterr().err.count("warning BN201") == told
        assert set(heard) == {"BN201"}  # it was seen, by who asks
        heard.clear()


def evaluate_that_moves(flavour: Flavour, callback: Any) -> Any:
    model = create_adapting(flavour.keras)
    return fit(model, epochs=4, callbacks=[callback], validation_data=(X, Y))


def test_stop_ends_the_fit(
    flavour: Flavour, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    callback = tb_bnplugin.BatchNormCallback(tmp_path, on_finding="stop")
    history = evaluate_that_moves(flavour, callback)
    assert len(history.epoch) == 1  # found when the first validation ended
    told = capfd.readouterr().err
    assert told.count(": error BN104") == 1
    assert "Training stops here" in told
    assert read_model(tmp_path).steps[-1] == 2


def test_ignore_records_and_says_nothing(
    flavour: Flavour, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    callback = tb_bnplugin.BatchNormCallback(tmp_path, on_finding="ignore")
    evaluate_that_moves(flavour, callback)
    assert "tb_bnplugin" not in capfd.readouterr().err
    assert codes(callback) == {"BN104"}


def test_a_callable_is_given_each_finding_once(flavour: Flavour, tmp_path: Path) -> None:
    given: list[Any] = []
    callback = tb_bnplugin.BatchNormCallback(tmp_path, on_finding=given.append)
    evaluate_that_moves(flavour, callback)
    assert [finding.code for finding in given if finding.severity == "error"] == ["BN104"]
    assert len({finding.code for finding in given}) == len(given)


def test_a_callable_may_raise(flavour: Flavour, tmp_path: Path) -> None:
    def fails(finding: Any) -> None:
        if finding.severity == "error":
            raise AssertionError(finding.code)

    callback = tb_bnplugin.BatchNormCallback(tmp_path, on_finding=fails)
    with pytest.raises(AssertionError, match="BN104"):
        evaluate_that_moves(flavour, callback)


def test_what_is_expected_is_recorded_and_not_told(
    flavour: Flavour, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    callback = tb_bnplugin.BatchNormCallback(tmp_path, on_finding="stop", expect=("BN104",))
    history = evaluate_that_moves(flavour, callback)
    assert len(history.epoch) == 4
    assert "BN104" not in capfd.readouterr().err
    (outcome,) = (outcome for outcome in callback.outcomes() if outcome.code == "BN104")
    assert (outcome.status, outcome.expected) == ("finding", True)
    assert outcome not in callback.findings()
    assert "BN104" not in {outcome.code for outcome in tb_bnplugin.check(tmp_path).findings}


def test_a_finding_is_one_line_the_line_of_the_program_and_a_sentence(
    flavour: Flavour, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    evaluate_that_moves(flavour, tb_bnplugin.BatchNormCallback(tmp_path))
    lines = [line for line in capfd.readouterr().err.splitlines() if "0000 00" not in line]
    (at,) = (number for number, line in enumerate(lines) if "BN104" in line)
    place, _, rest = lines[at].partition(": ")
    file, _, line = place.rpartition(":")
    assert Path(file).name == Path(__file__).name
    program = Path(__file__).read_text("utf-8").splitlines()
    assert "training=True" in program[int(line) - 1]
    assert lines[at + 1] == f"    {program[int(line) - 1].strip()}"
    assert lines[at + 2].startswith("    ")  # the sentence that says what is wrong
    assert not lines[at + 2].endswith("...")
    assert any("ask findings()" in line for line in lines[at + 3 :])
    assert rest.startswith("error BN104 updates-during-evaluation in 'own")
    assert len(lines[at]) <= 160


@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_a_fit_begins_with_its_modes_and_ends_with_what_was_found(
    flavour: Flavour, tmp_path: Path, capsys: pytest.CaptureFixture[str], verbose: int
) -> None:
    model = compile_tiny(create_dense(flavour.keras, momentum=0.1))
    callback = tb_bnplugin.BatchNormCallback(tmp_path)
    fit(model, epochs=3, verbose=verbose, callbacks=[callback], validation_data=(X, Y))
    told = [line for line in capsys.readouterr().err.splitlines() if "tb_bnplugin" in line]
    if not verbose:
        assert told == []
        return
    begin, end = told
    assert begin == (
        f"tb_bnplugin watches '{model.name}': 1 batch normalization layer, 1 in training mode"
    )
    judged = {each.code for each in callback.outcomes() if each.status in ("ok", "finding")}
    assert f"no finding in {len(judged)} rules; " in end or "info" in end


def test_a_fault_that_begins_later_is_told_beside_the_one_from_the_start(
    flavour: Flavour, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    keras = flavour.keras

    class Freeze(keras.callbacks.Callback):  # type: ignore[misc, name-defined, unused-ignore]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 0:
                self.model.bn.trainable = False  # without compile: no effect

    model = create_adapting(keras)
    callback = tb_bnplugin.BatchNormCallback(tmp_path)
    fit(model, epochs=5, callbacks=[Freeze(), callback], validation_data=(X, Y))
    told = capfd.readouterr().err
    (run,) = tb_bnplugin.check(tmp_path)
    first = {finding.code: finding.steps for finding in run.outcomes if finding.status == "finding"}
    assert (told.count("BN104 "), told.count("BN105 ")) == (1, 1)
    assert "BN105 stale-trainable in" in told
    # two steps an epoch: the first validation is at step 2, and so is the freeze
    assert (first["BN104"], first["BN105"]) == ((2, 10), (2, 10))


def test_the_log_says_what_the_callback_said(flavour: Flavour, tmp_path: Path) -> None:
    callback = tb_bnplugin.BatchNormCallback(tmp_path, on_finding="ignore")
    evaluate_that_moves(flavour, callback)
    (run,) = tb_bnplugin.check(tmp_path)
    live = {(outcome.code, outcome.status, outcome.severity) for outcome in callback.outcomes()}
    read = {(outcome.code, outcome.status, outcome.severity) for outcome in run.outcomes}
    assert live == read


def test_an_evaluation_of_its_own_is_told_too(
    flavour: Flavour, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = create_adapting(flavour.keras)
    callback = tb_bnplugin.BatchNormCallback(tmp_path)
    fit(model, callbacks=[callback])
    assert "BN104" not in capfd.readouterr().err
    model.evaluate(X, Y, batch_size=BATCH, verbose=0, callbacks=[callback])
    assert capfd.readouterr().err.count(": error BN104") == 1
    assert "BN104" in {outcome.code for outcome in tb_bnplugin.check(tmp_path).findings}


def test_before_any_training_it_is_said_that_nothing_is_recorded(tmp_path: Path) -> None:
    callback = tb_bnplugin.BatchNormCallback(tmp_path)
    (finding,) = callback.findings()
    assert (finding.code, finding.severity) == ("RC101", "warning")
    assert "has seen no training" in finding.message


def test_a_recording_that_cannot_begin_is_a_finding(flavour: Flavour, tmp_path: Path) -> None:
    tensorboard = flavour.keras.callbacks.TensorBoard(str(tmp_path))
    callback = tb_bnplugin.BatchNormCallback(tensorboard)
    model = compile_tiny(create_dense(flavour.keras))
    with pytest.warns(RuntimeWarning, match="stops recording"):
        fit(model, callbacks=[callback])  # without the TensorBoard callback
    (finding,) = callback.findings()
    assert finding.code == "RC101"
    assert "is not among the callbacks" in finding.message
