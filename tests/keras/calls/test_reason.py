"""Why a layer was given its `training` value, as the trace knows it."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

import tb_bnplugin
from tests.conftest import Flavour
from tests.support.tiny import X, calls, compile_tiny, create_dense, executions, fit


def ledger(model: Any) -> set[tuple[str, str, str, str]]:
    """(mode, asked, reason, source) of each way the layers were called."""
    return {(call.mode, call.training_argument, call.reason, call.source) for call in calls(model)}


def create_subclass(keras: Any, **how: Any) -> Any:
    """A subclassed model that takes `training`, and calls its one layer as told."""

    class Own(keras.Model):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__(name="own")
            self.bn = keras.layers.BatchNormalization(name="bn")
            self.head = keras.layers.Dense(1)

        def call(self, inputs: Any, training: Any = None) -> Any:
            return self.head(self.bn(inputs, **how))

    return Own()


def create_without_training(keras: Any) -> Any:
    """The same with a `call` that takes no `training`."""

    class Own(keras.Model):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__(name="own")
            self.bn = keras.layers.BatchNormalization(name="bn")
            self.head = keras.layers.Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.head(self.bn(inputs))

    return Own()


@pytest.mark.parametrize("asked", [True, False])
def test_explicit_where_the_code_passes_it(flavour: Flavour, asked: bool) -> None:
    model = create_subclass(flavour.keras, training=asked)
    tb_bnplugin.watch(model)
    model(X[:4])
    mode = "training" if asked else "inference"
    assert ledger(model) == {(mode, str(asked).lower(), "explicit", "")}


def test_inherited_from_the_model_that_was_called(flavour: Flavour) -> None:
    model = create_subclass(flavour.keras)
    tb_bnplugin.watch(model)
    model(X[:4], training=True)
    assert ledger(model) == {("training", "true", "inherited", "own")}


def test_inherited_through_a_functional_model(flavour: Flavour) -> None:
    model = create_dense(flavour.keras, "outer")
    tb_bnplugin.watch(model)
    model(X[:4], training=True)
    assert ledger(model) == {("training", "true", "inherited", "outer")}


def test_inherited_from_the_outermost_that_holds_it(flavour: Flavour) -> None:
    keras = flavour.keras
    base = create_dense(keras, "base")
    inputs = keras.Input((3,))
    model = keras.Model(inputs, base(inputs), name="outer")
    tb_bnplugin.watch(model)
    model(X[:4], training=True)
    assert ledger(model) == {("training", "true", "inherited", "outer")}


def test_fit_is_inherited(flavour: Flavour) -> None:
    model = compile_tiny(create_dense(flavour.keras, "outer"))
    tb_bnplugin.watch(model)
    fit(model)
    assert ledger(model) == {("training", "true", "inherited", "outer")}


def test_default_where_nobody_gave_one(flavour: Flavour) -> None:
    model = create_subclass(flavour.keras)
    tb_bnplugin.watch(model)
    model(X[:4])
    ((mode, asked, reason, source),) = ledger(model)
    assert (mode, reason, source) == ("inference", "default", "")
    assert asked in ("none", "false")  # what Keras makes of it


def test_default_names_what_was_given_a_value_that_the_code_took_away(flavour: Flavour) -> None:
    keras = flavour.keras

    class Own(keras.Model):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__(name="own")
            self.bn = keras.layers.BatchNormalization(name="bn")

        def call(self, inputs: Any, training: Any = None) -> Any:
            return self.bn(inputs, training=training or None)

    model = Own()
    tb_bnplugin.watch(model)
    model(X[:4], training=False)
    # tf_keras takes the value of the model around, where the layer's own is None.
    gave = ("none", "default") if flavour.name == "keras3" else ("false", "inherited")
    assert ledger(model) == {("inference", *gave, "own")}


def test_keras_3_trains_a_call_without_training_by_default(flavour: Flavour) -> None:
    model = compile_tiny(create_without_training(flavour.keras))
    tb_bnplugin.watch(model)
    fit(model)
    ((mode, _, reason, source),) = ledger(model)
    if flavour.name == "keras3":
        assert (mode, reason, source) == ("inference", "default", "")
    else:
        assert (mode, reason, source) == ("training", "inherited", "own")


@pytest.mark.parametrize("asked", [True, False])
def test_graph_where_the_functional_model_asks(flavour: Flavour, asked: bool) -> None:
    keras = flavour.keras
    inputs = keras.Input((3,))
    outputs = keras.layers.BatchNormalization(name="bn")(inputs, training=asked)
    model = keras.Model(inputs, keras.layers.Dense(1)(outputs), name="outer")
    tb_bnplugin.watch(model)
    model(X[:4])
    mode = "training" if asked else "inference"
    ((seen_mode, seen_asked, reason, _),) = ledger(model)
    assert (seen_mode, seen_asked, reason) == (mode, str(asked).lower(), "graph")


def test_graph_that_asks_for_a_whole_nested_model(flavour: Flavour) -> None:
    keras = flavour.keras
    base = create_dense(keras, "base")
    inputs = keras.Input((3,))
    model = keras.Model(inputs, base(inputs, training=True), name="outer")
    tb_bnplugin.watch(model)
    model(X[:4])
    assert ledger(model) == {("training", "true", "graph", "base")}


def test_sibling_that_left_its_value_behind(flavour: Flavour) -> None:
    keras = flavour.keras

    class Own(keras.Model):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__(name="own")
            self.dropout = keras.layers.Dropout(0.5)
            self.bn = keras.layers.BatchNormalization(name="bn")

        def call(self, inputs: Any) -> Any:
            return self.bn(self.dropout(inputs, training=True))

    model = Own()
    tb_bnplugin.watch(model)
    model(X[:4])
    ((mode, _, reason, _),) = ledger(model)
    # Keras 3 keeps one context for the whole call; tf_keras restores it after each layer.
    if flavour.name == "keras3":
        assert (mode, reason) == ("training", "sibling")
    else:
        assert (mode, reason) == ("inference", "default")


def test_unknown_where_call_is_called_by_hand(flavour: Flavour) -> None:
    model = create_dense(flavour.keras)
    tb_bnplugin.watch(model)
    model.get_layer("bn").call(X[:4, :1].repeat(4, axis=1), training=True)
    assert ledger(model) == {("training", "true", "unknown", "")}


def test_a_custom_layer_with_a_default_of_its_own(flavour: Flavour) -> None:
    keras = flavour.keras

    class Block(keras.layers.Layer):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__(name="block")
            self.bn = keras.layers.BatchNormalization(name="bn")

        def build(self, shape: Any) -> None:
            self.bn.build(shape)
            self.built = True

        def call(self, inputs: Any, training: Any = True) -> Any:
            return self.bn(inputs, training=training)

    class Own(keras.Model):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__(name="own")
            self.block = Block()

        def call(self, inputs: Any) -> Any:
            return self.block(inputs)

    model = Own()
    tb_bnplugin.watch(model)
    model(X[:4])
    ((mode, asked, reason, _),) = ledger(model)
    assert (mode, asked, reason) == ("training", "true", "explicit")


def test_a_value_passed_on_by_code_is_explicit(flavour: Flavour) -> None:
    """`training=training` cannot be told from a literal where `call` is reached."""
    keras = flavour.keras

    class Own(keras.Model):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__(name="own")
            self.bn = keras.layers.BatchNormalization(name="bn")

        def call(self, inputs: Any, training: Any = None) -> Any:
            return self.bn(inputs, training=training)

    model = Own()
    tb_bnplugin.watch(model)
    model(X[:4], training=True)
    assert ledger(model) == {("training", "true", "explicit", "")}


def test_a_tensor_decides_when_it_runs(flavour: Flavour, tensorflow: ModuleType) -> None:
    model = create_dense(flavour.keras)
    tb_bnplugin.watch(model)
    bn = model.get_layer("bn")
    rows = X[:4, :1].repeat(4, axis=1)

    @tensorflow.function
    def step(training: Any) -> Any:
        return bn(rows, training=training)

    if flavour.name == "keras3":
        with pytest.raises(Exception, match="symbolic"):
            step(tensorflow.constant(True))
        return
    for training in (True, True, False):
        step(tensorflow.constant(training))
    assert ledger(model) == {("dynamic", "tensor", "explicit", "")}
    assert executions(model) == {"bn": {"training_no_tape": 2, "inference_no_tape": 1}}
