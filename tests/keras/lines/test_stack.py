"""The line of the program that calls a layer, in each way in which programs call one."""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tb_bnplugin
from tb_bnplugin.schema.places import Line
from tests.conftest import Flavour
from tests.support.tiny import X, Y, calls, compile_tiny, create_dense, fit

HERE = Path(__file__)


def marked(function: Callable[..., Any]) -> int:
    """Number of the line of a function that ends with `# here`."""
    lines, first = inspect.getsourcelines(function)
    (at,) = (index for index, line in enumerate(lines) if line.rstrip().endswith("# here"))
    return first + at


def model_call(model: Any) -> Line:
    """The line that called the model, which was called in one way."""
    (call,) = calls(model)
    assert call.location == f"{call.stack[0].file}:{call.stack[0].line}"
    return next(line for line in call.stack if not line.depth)


def eager(flavour: Flavour, model: Any) -> None:
    import tensorflow as tf

    with tf.GradientTape():
        model(X[:4])  # here


def traced(flavour: Flavour, model: Any) -> None:
    import tensorflow as tf

    @tf.function
    def step(x: Any) -> Any:
        with tf.GradientTape():
            out = tf.zeros((4, 1))
            for _ in tf.range(2):
                out = model(x)  # here
        return out

    step(tf.constant(X[:4]))


def traced_lambda(flavour: Flavour, model: Any) -> None:
    import tensorflow as tf

    steps = {"twice": lambda x: 2.0 * model(x)}  # here
    tf.function(steps["twice"])(tf.constant(X[:4]))


def method(flavour: Flavour, model: Any) -> None:
    import tensorflow as tf

    class Trainer:
        @tf.function
        def step(self, x: Any) -> Any:
            with tf.GradientTape():
                return model(x)  # here

    Trainer().step(tf.constant(X[:4]))


def by_fit(flavour: Flavour, model: Any) -> None:
    compile_tiny(model).fit(X, Y, verbose=0)  # here


@pytest.mark.parametrize("program", [eager, traced, traced_lambda, method, by_fit])
def test_the_line_is_the_programs_own(program: Callable[..., None], flavour: Flavour) -> None:
    model = create_dense(flavour.keras)
    with tb_bnplugin.watch(model):
        program(flavour, model)
        line = model_call(model)
    assert Path(line.file).name == HERE.name
    assert line.line == marked(program)
    assert line.text.endswith("# here")
    assert line.before[-1] == HERE.read_text().splitlines()[line.line - 2].rstrip()


@pytest.mark.parametrize("program", [eager, traced, by_fit])
def test_no_line_is_of_a_library(program: Callable[..., None], flavour: Flavour) -> None:
    model = create_dense(flavour.keras)
    with tb_bnplugin.watch(model):
        program(flavour, model)
        lines = [line for call in calls(model) for line in call.stack]
    for line in lines:
        assert "site-packages" not in line.file
        assert not line.file.startswith("tb_bnplugin/")
        assert "autograph" not in line.file


def test_a_line_within_the_models_own_call_is_told_apart(flavour: Flavour) -> None:
    keras = flavour.keras

    class Own(keras.Model):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.bn = keras.layers.BatchNormalization()

        def call(self, x: Any) -> Any:
            return self.bn(x)

    model = Own()
    with tb_bnplugin.watch(model):
        eager(flavour, model)
        (call,) = calls(model)
    inner, outer = call.stack[:2]
    assert (inner.text.strip(), inner.depth, inner.function) == ("return self.bn(x)", 1, "call")
    assert (outer.line, outer.depth, outer.function) == (marked(eager), 0, "eager")


def test_a_cell_of_a_notebook_and_an_imported_module(flavour: Flavour, tmp_path: Path) -> None:
    import tensorflow as tf

    source = "def train(model, x, tape):\n    with tape():\n        return model(x)\n"
    cell = "<ipython-input-3-0123456789ab>"
    linecache.cache[cell] = (len(source), None, source.splitlines(keepends=True), cell)
    module = tmp_path / "training_of_mine.py"
    module.write_text(source)
    for file, shown in ((cell, "In [3]"), (str(module), str(module))):
        names: dict[str, Any] = {}
        exec(compile(source, file, "exec"), names)
        model = create_dense(flavour.keras)
        with tb_bnplugin.watch(model):
            names["train"](model, X[:4], tf.GradientTape)
            line = model_call(model)
        assert (line.file, line.line) == (shown, 3)
        assert line.text == "        return model(x)"


def test_an_eager_loop_walks_its_stack_once(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tb_bnplugin.keras.calls import counting
    from tb_bnplugin.keras.lines import stack

    walked: list[Any] = []
    real = stack.users_lines

    def counted(frame: Any) -> Any:
        walked.append(frame)
        return real(frame)

    monkeypatch.setattr(counting, "users_lines", counted)
    model = create_dense(flavour.keras)
    with tb_bnplugin.watch(model):
        for _ in range(5):
            eager(flavour, model)
    assert len(walked) == 1


@pytest.mark.parametrize("how", ["watch", "callback"])
def test_source_false_records_no_line(how: str, flavour: Flavour, tmp_path: Path) -> None:
    model = create_dense(flavour.keras)
    if how == "watch":
        with tb_bnplugin.watch(model, source=False):
            eager(flavour, model)
            assert calls(model)
            assert not any(call.stack or call.location for call in calls(model))
        return
    for source in (False, True):
        folder = tmp_path / str(source)
        model = compile_tiny(create_dense(flavour.keras))
        fit(model, callbacks=[tb_bnplugin.BatchNormCallback(str(folder), source=source)])
        written = b"".join(file.read_bytes() for file in folder.rglob("*tfevents*"))
        assert (b"tests/support/tiny.py" in written) is source


def test_what_fails_switches_off_the_lines_alone(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tb_bnplugin.keras.calls import counting

    def fails(frame: Any) -> Any:
        raise RuntimeError("no frames here")

    monkeypatch.setattr(counting, "users_lines", fails)
    model = create_dense(flavour.keras)
    with tb_bnplugin.watch(model):
        with pytest.warns(RuntimeWarning, match="which lines of the program"):
            eager(flavour, model)
        (call,) = calls(model)
    assert not call.stack
