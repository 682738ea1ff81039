"""The probe gives what the formulas say, and leaves every bit of the model as it was."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tb_bnplugin
from tb_bnplugin.diagnose import keras_facts
from tb_bnplugin.schema.columns import LOSS_COLUMNS, METRIC_PREFIX, PROBE_COLUMNS, PROBE_ROWS
from tests.conftest import Flavour
from tests.support.probe_models import (
    CLASSES,
    FEATURES,
    MODELS,
    ROWS,
    assert_same,
    compiled_and_trained,
    frozen,
    nested_and_shared,
    plain,
    state_of,
    with_dropout_and_losses,
)
from tests.support.tiny import executions


@pytest.fixture(scope="module")
def batch() -> tuple[Any, Any]:
    random = np.random.default_rng(1)
    x = random.normal(2.0, 3.0, (ROWS, FEATURES)).astype(np.float32)
    return x, random.integers(0, CLASSES, ROWS)


@pytest.mark.parametrize("name", MODELS)
def test_all_state_is_left_as_it_was(
    flavour: Flavour, tensorflow: ModuleType, batch: Any, name: str
) -> None:
    from tb_bnplugin.keras.probe import run as probe

    model = compiled_and_trained(flavour, MODELS[name], batch)
    model(batch[0], training=True) if name == "with_dropout_and_losses" else model(batch[0])
    losses = [float(loss) for loss in model.losses]
    tensorflow.random.set_seed(7)
    expected_draw = float(tensorflow.random.normal([]))
    tensorflow.random.set_seed(7)
    before = state_of(model)
    probe.run(model, *batch)
    probe.measure_compiled_loss(model, *batch)
    assert_same(before, state_of(model))
    assert [float(loss) for loss in model.losses] == losses
    assert float(tensorflow.random.normal([])) == expected_draw


def test_training_goes_on_bit_equal_after_a_probe(
    flavour: Flavour, tensorflow: ModuleType, batch: Any
) -> None:
    from tb_bnplugin.keras.probe import run as probe

    def trained(*, probed: bool) -> list[Any]:
        flavour.keras.utils.set_random_seed(3)
        model = with_dropout_and_losses(flavour.keras)
        loss = flavour.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss, metrics=["accuracy"])
        model.fit(*batch, batch_size=8, verbose=0, shuffle=False)
        if probed:
            probe.run(model, *batch)
        model.fit(*batch, batch_size=8, verbose=0, shuffle=False)
        return [np.asarray(variable) for variable in model.variables]

    assert_same(trained(probed=False), trained(probed=True))


@pytest.mark.parametrize("make", [plain, frozen])
def test_outputs_are_those_of_the_formula(
    flavour: Flavour, batch: Any, make: Callable[[Any], Any]
) -> None:
    from tb_bnplugin.keras.probe import run as probe

    x, y = batch
    model = compiled_and_trained(flavour, make, batch)
    normalization, dense = model.layers
    gamma, beta, mean, variance = (np.asarray(v, np.float64) for v in normalization.weights)
    kernel, bias = (np.asarray(v, np.float64) for v in dense.weights)
    result = probe.run(model, x, y)
    statistics = {"moving": (mean, variance), "batch": (x.mean(axis=0), x.var(axis=0))}
    for row, (center, square) in statistics.items():
        normalized = (x - center) / np.sqrt(square + normalization.epsilon)
        outputs = (gamma * normalized + beta) @ kernel + bias
        found = getattr(result, row)
        assert found["spread"] == pytest.approx(outputs.std(axis=0).mean(), rel=1e-4)
        scale = np.sqrt((outputs**2).mean(axis=0)).mean()
        assert found["scale"] == pytest.approx(scale, rel=1e-4)
        exponentials = np.exp(outputs)
        right = exponentials[np.arange(ROWS), y] / exponentials.sum(axis=1)
        assert found["loss"] == pytest.approx(-np.log(right).mean(), rel=1e-4)
        assert found["accuracy"] == pytest.approx((outputs.argmax(axis=1) == y).mean())
        assert found["batch"] == ROWS


def test_moving_statistics_give_what_evaluate_gives(flavour: Flavour, batch: Any) -> None:
    from tb_bnplugin.keras.probe import run as probe

    model = compiled_and_trained(flavour, nested_and_shared, batch)
    keras = flavour.keras
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss, metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(2)])
    evaluated = model.evaluate(*batch, batch_size=ROWS, verbose=0, return_dict=True)
    result = probe.run(model, *batch)
    top = "sparse_top_k_categorical_accuracy"
    assert [name for name in result.moving if name not in PROBE_COLUMNS] == [METRIC_PREFIX + top]
    for name in ("loss", "accuracy", METRIC_PREFIX + top):
        value = evaluated[name.removeprefix(METRIC_PREFIX)]
        assert result.moving[name] == pytest.approx(value, rel=1e-5)


def test_batch_statistics_are_forced_where_the_graph_asks_for_inference(
    flavour: Flavour, batch: Any
) -> None:
    from tb_bnplugin.keras.probe import run as probe

    inputs = flavour.keras.Input((FEATURES,))
    outputs = flavour.keras.layers.BatchNormalization()(inputs, training=False)
    model = flavour.keras.Model(inputs, outputs)
    result = probe.run(model, batch[0])
    # normalized with its own statistics, a batch has spread 1 in each output
    assert result.batch["spread"] == pytest.approx(1.0, abs=1e-2)
    assert result.moving["spread"] == pytest.approx(batch[0].std(axis=0).mean(), rel=1e-2)
    assert math.isnan(result.moving["loss"])
    assert math.isnan(result.moving["accuracy"])


def test_a_call_that_defaults_to_training_is_run_with_moving_statistics(
    flavour: Flavour, batch: Any
) -> None:
    from tb_bnplugin.keras.probe import run as probe

    base: Any = flavour.keras.layers.Layer

    class Block(base):
        def __init__(self) -> None:
            super().__init__()
            self.normalization = flavour.keras.layers.BatchNormalization()

        def call(self, inputs: Any) -> Any:
            return self.normalization(inputs, training=True)

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    model = flavour.keras.Sequential([flavour.keras.Input((FEATURES,)), Block()])
    result = probe.run(model, batch[0])
    assert result.moving["spread"] == pytest.approx(batch[0].std(axis=0).mean(), rel=1e-2)


def test_several_outputs_are_summed_as_fit_sums_them(flavour: Flavour, batch: Any) -> None:
    from tb_bnplugin.keras.probe import run as probe

    keras = flavour.keras
    inputs = keras.Input((FEATURES,))
    hidden = keras.layers.BatchNormalization()(inputs)
    outputs = {
        "classes": keras.layers.Dense(CLASSES, name="classes", activation="softmax")(hidden),
        "value": keras.layers.Dense(1, name="value")(hidden),
    }
    model = keras.Model(inputs, outputs)
    model.compile(
        "sgd",
        {"classes": "sparse_categorical_crossentropy", "value": "mse"},
        loss_weights={"classes": 1.0, "value": 0.5},
        metrics={"classes": ["accuracy"], "value": ["mae"]},
    )
    labels = {"classes": batch[1], "value": batch[0][:, :1]}
    before_the_first_step = probe.run(model, batch[0], labels).moving["loss"]
    evaluated = model.evaluate(batch[0], labels, batch_size=ROWS, verbose=0, return_dict=True)
    result = probe.run(model, batch[0], labels)
    assert before_the_first_step == pytest.approx(evaluated["loss"], rel=1e-5)
    assert result.moving["loss"] == pytest.approx(evaluated["loss"], rel=1e-5)
    assert result.moving[METRIC_PREFIX + "value_mae"] == pytest.approx(
        evaluated["value_mae"], rel=1e-5
    )
    assert result.moving["accuracy"] == pytest.approx(evaluated["classes_accuracy"], rel=1e-5)
    measured = probe.measure_compiled_loss(model, batch[0], labels)
    assert [facts.name for _, facts in measured] == ["classes", "value"]
    classes = [facts.keras_class for _, facts in measured]
    assert classes == ["SparseCategoricalCrossentropy", "MeanSquaredError"]


def test_a_loss_may_be_given(flavour: Flavour, batch: Any) -> None:
    from tb_bnplugin.keras.probe import run as probe

    model = plain(flavour.keras)
    labels = np.eye(CLASSES, dtype=np.float64)[batch[1]]
    result = probe.run(model, batch[0], labels, loss="mse")
    outputs = np.asarray(model(batch[0], training=False))
    assert result.moving["loss"] == pytest.approx(np.square(outputs - labels).mean(), rel=1e-5)


def test_a_loss_without_a_reduction_is_the_mean_of_its_values(flavour: Flavour, batch: Any) -> None:
    from tb_bnplugin.keras.probe import run as probe

    model = plain(flavour.keras)
    labels = np.eye(CLASSES, dtype=np.float64)[batch[1]]
    weights = np.linspace(0.5, 2.0, ROWS)
    mean, vector = (
        flavour.keras.losses.MeanSquaredError(**options) for options in ({}, {"reduction": "none"})
    )
    for of_rows in (None, weights):
        given = (model, batch[0], labels)
        expected = probe.run(*given, loss=mean, sample_weight=of_rows).moving["loss"]
        result = probe.run(*given, loss=vector, sample_weight=of_rows)
        assert result.moving["loss"] == pytest.approx(expected, rel=1e-5)


def test_dictionaries_and_lists_are_taken_as_the_model_takes_them(flavour: Flavour) -> None:
    from tb_bnplugin.keras.probe import run as probe

    keras = flavour.keras
    inputs = {"a": keras.Input((2,), name="a"), "b": keras.Input((2,), name="b")}
    joined = keras.layers.Concatenate()([inputs["a"], inputs["b"]])
    outputs = keras.layers.BatchNormalization()(joined)
    parts = {name: np.arange(8.0).reshape(4, 2) for name in inputs}
    by_name = probe.run(keras.Model(inputs, outputs), parts)
    by_order = probe.run(keras.Model(list(inputs.values()), outputs), list(parts.values()))
    assert by_name.moving == pytest.approx(by_order.moving, nan_ok=True)
    # columns 0, 2, 4, 6 and the like: a standard deviation of sqrt(5)
    assert by_name.moving["spread"] == pytest.approx(math.sqrt(5), rel=1e-3)


def test_packed_rows_are_moving_and_batch(flavour: Flavour, batch: Any) -> None:
    from tb_bnplugin.keras.probe import run as probe

    model = compiled_and_trained(flavour, plain, batch)
    result = probe.run(model, *batch)
    packed = probe.pack(result, (*PROBE_COLUMNS, "metric:of another compile"))
    assert packed.shape == (len(PROBE_ROWS), len(PROBE_COLUMNS) + 1)
    assert np.isnan(packed[:, -1]).all()
    for row, values in zip(PROBE_ROWS, packed, strict=True):
        loss = values[PROBE_COLUMNS.index("loss")]
        assert loss == getattr(result, row)["loss"]


def test_a_probe_is_not_counted(flavour: Flavour, batch: Any) -> None:
    from tb_bnplugin.keras.calls.suspend import suspended
    from tb_bnplugin.keras.probe import run as probe

    seen: list[bool] = []

    base: Any = flavour.keras.layers.Layer

    class Watching(base):
        def call(self, inputs: Any) -> Any:
            seen.append(suspended())
            return inputs

    layers = [flavour.keras.Input((FEATURES,)), Watching(), flavour.keras.layers.Dense(1)]
    model = flavour.keras.Sequential(layers)
    seen.clear()
    probe.run(model, batch[0])
    assert seen == [True, True]
    assert not suspended()


def test_a_watched_model_counts_as_before(flavour: Flavour, batch: Any) -> None:
    from tb_bnplugin.keras.probe import run as probe

    model = plain(flavour.keras)
    with tb_bnplugin.watch(model):
        model(batch[0], training=True)
        before = executions(model)
        wrapper = vars(model.layers[0])["call"]
        probe.run(model, batch[0])
        assert executions(model) == before
        assert vars(model.layers[0])["call"] is wrapper
        model(batch[0], training=False)
        assert executions(model) != before


def test_a_model_that_is_not_built_is_refused_and_stays_so(flavour: Flavour, batch: Any) -> None:
    from tb_bnplugin.keras.probe import run as probe

    model = flavour.keras.Sequential([flavour.keras.layers.BatchNormalization()])
    with pytest.raises(ValueError, match="call it on a batch first"):
        probe.run(model, batch[0])
    assert not model.built


def test_a_layer_that_is_not_built_is_refused_and_stays_so(flavour: Flavour, batch: Any) -> None:
    from tb_bnplugin.keras.probe import run as probe

    base: Any = flavour.keras.Model

    class Model(base):
        def __init__(self) -> None:
            super().__init__()
            self.late = flavour.keras.layers.BatchNormalization()
            self.with_late = False

        def build(self, _: Any) -> None:
            self.built = True

        def call(self, inputs: Any) -> Any:
            return self.late(inputs) if self.with_late else inputs

    model = Model()
    model(batch[0])
    assert math.isfinite(probe.run(model, batch[0]).moving["spread"])
    model.with_late = True
    with pytest.raises(ValueError, match="is not built yet"):
        probe.run(model, batch[0])
    assert not model.late.built
    assert not model.variables


def test_wrong_arguments_say_what_was_received(flavour: Flavour, batch: Any) -> None:
    from tb_bnplugin.keras.probe import run as probe

    with pytest.raises(TypeError, match="received Dense"):
        probe.run(flavour.keras.layers.Dense(1), batch[0])
    with pytest.raises(TypeError, match="received int"):
        probe.run(plain(flavour.keras), *batch, loss=3)


def test_replicas_keep_their_own_statistics(flavour: Flavour, strategy: Any, batch: Any) -> None:
    from tb_bnplugin.keras.probe import run as probe

    with strategy.scope():
        model = plain(flavour.keras)
        loss = flavour.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("sgd", loss, metrics=["accuracy"])
    model.fit(*batch, batch_size=8, verbose=0)

    def copies() -> list[bytes]:
        variable = model.layers[0].moving_mean
        held = getattr(variable, "_value", variable)  # Keras 3 wraps TensorFlow's variable
        return [part.numpy().tobytes() for part in held.values]

    before = copies()
    assert before[0] != before[1]
    result = probe.run(model, *batch)
    assert copies() == before
    (vector, _), *_ = probe.measure_compiled_loss(model, *batch)
    assert copies() == before
    columns = dict(zip(LOSS_COLUMNS, vector, strict=True))
    assert columns["keras_mean"] == pytest.approx(result.moving["loss"], rel=1e-5)
    # in training each replica's mean is divided by the replicas, and the gradients summed
    version = f"{flavour.keras.__name__} {flavour.keras.__version__}"
    undivided = keras_facts.fact(version, "mean_loss_divided_by_replicas") is False  # before 3.8
    divisor = 1 if undivided else 2
    assert columns["measured"] * divisor == pytest.approx(columns["keras_mean"], rel=1e-5)
    assert columns["replicas"] == 2
