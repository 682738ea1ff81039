"""The ops behave as `tf.summary.scalar` does: writer, step, `record_if`, eager or traced."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import tb_bnplugin
from tb_bnplugin import summary
from tb_bnplugin.training.recorder import open_recorders, recorder_of
from tests.conftest import Flavour
from tests.support.logs import read
from tests.support.tiny import X, Y, create_dense


@pytest.fixture
def model(flavour: Flavour) -> Any:
    made = create_dense(flavour.keras)
    tb_bnplugin.watch(made)
    return made


@pytest.fixture
def writer(tensorflow: ModuleType, tmp_path: Path) -> Any:
    return tensorflow.summary.create_file_writer(str(tmp_path))


@pytest.fixture(autouse=True)
def no_default_step(tensorflow: ModuleType) -> Any:
    yield
    tensorflow.summary.experimental.set_step(None)


def read_model(folder: Path) -> Any:
    ((model,),) = (run.models for run in read(folder).values())
    return model


def test_an_eager_loop(model: Any, writer: Any, tmp_path: Path) -> None:
    with writer.as_default():
        for step in range(1, 6):
            model(X[:4], training=True)
            assert bool(summary.batch_norm(model, step=step)) is True
    history = read_model(tmp_path)
    assert history.steps.tolist() == [1, 2, 3, 4, 5]
    assert history.layer("training_no_tape")[:, 0].tolist() == [1, 2, 3, 4, 5]
    assert history.facts.trained_by == "loop"


def test_inside_a_traced_step_after_its_update(
    model: Any,
    writer: Any,
    tmp_path: Path,
    tensorflow: ModuleType,
    caplog: pytest.LogCaptureFixture,
) -> None:
    @tensorflow.function
    def train(step: Any) -> Any:
        predicted = model(X[:4], training=True)
        written = summary.batch_norm(model, step=step)
        summary.loss_reduction("mse", Y[:4], predicted, step=step)
        summary.probe(model, X[:4], Y[:4], loss="mse", step=step)
        return written

    with writer.as_default():
        written = [bool(train(tensorflow.constant(step, "int64"))) for step in range(1, 6)]
    others = [record for record in caplog.records if record.name != "tb_bnplugin"]
    assert [record.getMessage() for record in others] == []  # of autograph, on our code
    assert written == [True] * 5
    history = read_model(tmp_path)
    assert history.steps.tolist() == [1, 2, 3, 4, 5]
    assert history.layer("training_no_tape")[:, 0].tolist() == [1, 2, 3, 4, 5]
    assert history.layer("statistics_changes")[:, 0].tolist() == [1, 2, 3, 4, 5]


def test_a_traced_op_knows_layers_added_after_the_trace(
    flavour: Flavour, writer: Any, tmp_path: Path, tensorflow: ModuleType
) -> None:
    keras = flavour.keras
    model = keras.Sequential([keras.layers.BatchNormalization(name="first")])
    tb_bnplugin.watch(model)
    model(X[:4], training=True)
    record = tensorflow.function(lambda step: summary.batch_norm(model, step=step))
    with writer.as_default():
        record(tensorflow.constant(1, "int64"))
        model.add(keras.layers.BatchNormalization(name="second"))
        model(X[:4], training=True)
        record(tensorflow.constant(2, "int64"))
        model(X[:4], training=True)
        record(tensorflow.constant(3, "int64"))
    history = read_model(tmp_path)
    assert [layer.path for layer in history.facts.layers] == ["first", "second"]
    assert history.layer("training_no_tape")[:, 0].tolist() == [1, 2, 3]
    assert history.layer("training_no_tape")[-1, 1] == 1


@pytest.mark.parametrize("traced", [False, True])
def test_record_if(
    model: Any, writer: Any, tmp_path: Path, tensorflow: ModuleType, traced: bool
) -> None:
    record: Any = lambda step: summary.batch_norm(model, step=step)  # noqa: E731
    if traced:
        record = tensorflow.function(record)
    due = tensorflow.Variable(False)
    with writer.as_default(), tensorflow.summary.record_if(lambda: due):
        for step in range(1, 7):
            due.assign(step % 3 == 0)
            assert bool(record(tensorflow.constant(step, "int64"))) is (step % 3 == 0)
    assert read_model(tmp_path).steps.tolist() == [3, 6]


def test_the_default_step(model: Any, writer: Any, tmp_path: Path, tensorflow: ModuleType) -> None:
    tensorflow.summary.experimental.set_step(7)
    with writer.as_default():
        assert bool(summary.batch_norm(model))
    assert read_model(tmp_path).steps.tolist() == [7]


@pytest.mark.parametrize(
    "op",
    [
        summary.batch_norm,
        lambda model: summary.loss_reduction("mse", Y[:4], Y[4:8]),
        lambda model: summary.probe(model, X[:4], Y[:4], loss="mse"),
    ],
)
def test_no_step_is_a_clear_error(model: Any, writer: Any, op: Any) -> None:
    with writer.as_default(), pytest.raises(ValueError, match="set_step"):
        op(model)


def test_no_writer_writes_nothing(model: Any) -> None:
    assert bool(summary.batch_norm(model)) is False  # not even a step is needed
    assert bool(summary.batch_norm(model, step=1)) is False
    assert bool(summary.loss_reduction("mse", Y[:4], Y[4:8], step=1)) is False
    assert bool(summary.probe(model, X[:4], Y[:4], loss="mse", step=1)) is False


def test_inside_xla_is_a_clear_error(model: Any, writer: Any, tensorflow: ModuleType) -> None:
    @tensorflow.function(jit_compile=True)
    def train() -> Any:
        model(X[:4], training=True)
        return summary.batch_norm(model, step=1)

    with writer.as_default(), pytest.raises(RuntimeError, match="after that function"):
        train()


def test_around_an_inner_function_compiled_by_xla(
    model: Any, writer: Any, tmp_path: Path, tensorflow: ModuleType
) -> None:
    @tensorflow.function(jit_compile=True)
    def forward() -> Any:
        return model(X[:4], training=True)

    @tensorflow.function
    def train(step: Any) -> Any:
        forward()
        return summary.batch_norm(model, step=step)

    with writer.as_default():
        for step in (1, 2, 3):
            train(tensorflow.constant(step, "int64"))
    history = read_model(tmp_path)
    executed = sum(history.layer(f"training_{context}")[:, 0] for context in ("no_tape", "unknown"))
    assert executed.tolist() == [1, 2, 3]


def test_steps_that_go_back_go_on_in_a_new_phase(model: Any, writer: Any, tmp_path: Path) -> None:
    with writer.as_default():
        for _ in range(2):
            for step in range(3):
                model(X[:4], training=True)
                summary.batch_norm(model, step=step)
    history = read_model(tmp_path)
    assert history.steps.tolist() == [0, 1, 2, 3, 4, 5]
    assert [(phase.step, phase.reason) for phase in history.phases] == [
        (0, "watch"),
        (3, "restart"),
    ]


def test_two_models_of_one_name(flavour: Flavour, writer: Any, tmp_path: Path) -> None:
    one, two = (create_dense(flavour.keras, "same") for _ in range(2))
    watches = [tb_bnplugin.watch(one), tb_bnplugin.watch(two)]
    with writer.as_default():
        one(X[:4], training=True)
        for model in (one, two):
            summary.batch_norm(model, step=1)
    (run,) = read(tmp_path).values()
    counts = {model.facts.name: model.layer("training_no_tape")[-1, 0] for model in run.models}
    assert counts == {"same": 1, "same_1": 0}
    assert [watch.name for watch in watches] == ["same", "same_1"]


def test_a_model_nobody_watches_is_watched_with_a_warning(
    flavour: Flavour, writer: Any, tmp_path: Path
) -> None:
    model = create_dense(flavour.keras)
    model(X[:4], training=True)
    with writer.as_default():
        with pytest.warns(UserWarning, match="Call tb_bnplugin.watch") as told:
            summary.batch_norm(model, step=1)
        assert told[0].filename == __file__
        model(X[:4], training=True)
        summary.batch_norm(model, step=2)
    assert read_model(tmp_path).layer("training_no_tape")[:, 0].tolist() == [0, 1]


def test_a_loss_belongs_to_the_model_of_the_log(model: Any, writer: Any, tmp_path: Path) -> None:
    with writer.as_default():
        summary.batch_norm(model, step=1)
        assert bool(summary.loss_reduction("mse", Y[:4], Y[4:8], step=1))
    (loss,) = read_model(tmp_path).losses
    expected = float(((Y[:4] - Y[4:8]) ** 2).mean())
    assert loss.columns["measured"][-1] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("op", ["loss", "probe"])
def test_a_loss_or_probe_alone_brings_the_models_facts(
    model: Any, writer: Any, tmp_path: Path, op: str
) -> None:
    for watch in open_recorders():  # those of other tests: a loss belongs to the only model
        if watch is not recorder_of(model):
            watch.close()
    with writer.as_default():
        if op == "loss":
            summary.loss_reduction("mse", Y[:4], Y[4:8], step=1)
        else:
            summary.probe(model, X[:4], Y[:4], loss="mse", step=1)
    history = read_model(tmp_path)
    assert [layer.path for layer in history.facts.layers] == ["bn"]
    assert len(history.losses) == (op == "loss")
    assert (history.probe is not None) == (op == "probe")


def test_a_second_log_is_told_all_that_changes(
    model: Any, writer: Any, tmp_path: Path, tensorflow: ModuleType
) -> None:
    other = tensorflow.summary.create_file_writer(str(tmp_path / "other"))
    for step, training in ((1, True), (2, False)):
        model(X[:4], training=training)  # a new way of calling
        for log in (writer, other):
            with log.as_default():
                summary.batch_norm(model, step=step)
    for run in read(tmp_path).values():
        (history,) = run.models
        assert {call.mode for call in history.calls} == {"training", "inference"}


def test_a_watch_that_was_closed_is_watched_again(model: Any, writer: Any, tmp_path: Path) -> None:
    tb_bnplugin.watch(model).close()
    with writer.as_default(), pytest.warns(UserWarning, match="watches"):
        summary.batch_norm(model, step=1)
    assert read_model(tmp_path).steps.tolist() == [1]
