"""Attribution names the layers that were spoiled by hand, in few passes, and leaves no trace."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_bnplugin.guard import Guard
from tests.conftest import Flavour
from tests.support.probe_models import assert_same, state_of

LAYERS, FEATURES, ROWS = 52, 16, 256
MORE = 6 + 8  # log2(52), rounded up, and 8
SPOILED = {
    1: (30,),
    3: (4, 25, 50),
    10: (1, 3, 10, 17, 18, 26, 33, 40, 47, 51),
}
X = np.random.default_rng(0).normal(size=(ROWS, FEATURES)).astype(np.float32)


def create(keras: Any, layers: int) -> Any:
    """A residual network whose moving statistics are those of X, and labels that it tells right."""
    keras.utils.set_random_seed(4)
    inputs = h = keras.Input((FEATURES,))
    for index in range(layers):
        branch = keras.layers.Dense(FEATURES)(h)
        branch = keras.layers.BatchNormalization(momentum=0.0, name=f"bn_{index}")(branch)
        h = keras.layers.Add()([h, keras.layers.Activation("tanh")(branch)])
    model = keras.Model(inputs, keras.layers.Dense(1)(h))
    model.compile("sgd", "mse")
    model(X, training=True)  # with a momentum of 0 the statistics are those of this batch
    return model


KEPT: dict[str, tuple[Any, list[Any]]] = {}


def large(flavour: Flavour) -> Any:
    """The network of 52 layers, as it was made: each flavour makes it once."""
    if flavour.name not in KEPT:
        model = create(flavour.keras, LAYERS)
        KEPT[flavour.name] = model, model.get_weights()
    model, weights = KEPT[flavour.name]
    model.set_weights(weights)
    return model


def spoil(model: Any, layers: tuple[int, ...]) -> None:
    for index in layers:
        mean, variance = model.get_layer(f"bn_{index}").weights[-2:]
        mean.assign(np.asarray(mean) + 1.5 * np.sqrt(np.asarray(variance)))
        variance.assign(np.asarray(variance) * 6)


def labels_of(model: Any) -> Any:
    """Labels with the noise that a trained model leaves."""
    return np.asarray(model(X)) + np.random.default_rng(1).normal(size=(ROWS, 1))


def count_passes(model: Any, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    from tb_bnplugin.keras.probe.forward import forward

    made: list[int] = []

    def counting(*args: Any) -> Any:
        made.append(1)
        return forward(*args)

    monkeypatch.setattr("tb_bnplugin.keras.probe.attribution.forward", counting)
    return made


def shares(model: Any, *batch: Any) -> dict[str, dict[str, float]]:
    from tb_bnplugin.keras.probe import run as probe

    guard = Guard("net")
    result = probe.run(model, *batch, attempt=guard.attempt)
    assert not guard.failures
    return {
        layer.name: dict(result.layers[id(layer)])
        for layer in model.layers
        if id(layer) in result.layers and "gap_share" in result.layers[id(layer)]
    }


@pytest.mark.parametrize(("number", "labels"), [(1, True), (3, True), (10, True), (3, False)])
def test_exactly_the_spoiled_layers_are_named(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch, number: int, labels: bool
) -> None:
    model = large(flavour)
    batch = (X, labels_of(model)) if labels else (X,)
    spoil(model, SPOILED[number])
    before = state_of(model)
    made = count_passes(model, monkeypatch)
    found = shares(model, *batch)
    assert_same(before, state_of(model))
    assert len(made) <= MORE
    expected = {f"bn_{index}" for index in SPOILED[number]}
    assert {name for name, layer in found.items() if layer["gap_share_layers"] == 1.0} == expected
    assert sum(found[name]["gap_share"] for name in expected) == pytest.approx(1.0, abs=1e-3)
    for name, layer in found.items():
        if name not in expected:  # all of them together
            assert abs(layer["gap_share"]) < 1e-3
            assert layer["gap_share_layers"] == LAYERS - number
            assert abs(layer["own_mean_gap"]) < 0.01
    for name in expected:
        assert found[name]["own_mean_gap"] == pytest.approx(1.5, rel=0.02)
        assert found[name]["own_variance_shift"] == pytest.approx(np.log(6), rel=0.02)


def test_shares_are_those_of_models_that_are_spoiled_in_one_layer_each(flavour: Flavour) -> None:
    model = large(flavour)
    batch = X, labels_of(model)
    right = float(np.mean(np.square(np.asarray(model(X)) - batch[1])))
    costs = {}
    for index in SPOILED[3]:
        spoil(large(flavour), (index,))
        costs[f"bn_{index}"] = float(np.mean(np.square(np.asarray(model(X)) - batch[1]))) - right
    spoil(large(flavour), SPOILED[3])
    found = shares(model, *batch)
    for name, cost in costs.items():
        assert found[name]["gap_share"] == pytest.approx(cost / sum(costs.values()), rel=5e-3)


def test_each_layer_of_a_small_model_is_measured_alone(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = create(flavour.keras, 4)
    batch = X, labels_of(model)
    spoil(model, (2,))
    made = count_passes(model, monkeypatch)
    found = shares(model, *batch)
    assert len(made) == 1 + 2 * 4  # each alone, and all others
    assert {layer["gap_share_layers"] for layer in found.values()} == {1.0}
    assert found["bn_2"]["gap_share"] == pytest.approx(1.0, abs=1e-3)


def test_a_model_without_a_gap_pays_nothing(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = create(flavour.keras, 4)
    made = count_passes(model, monkeypatch)
    assert shares(model, X, labels_of(model)) == {}
    assert not made


def test_what_fails_half_way_leaves_no_trace_and_the_probe_alone(
    flavour: Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tb_bnplugin.keras.probe.attribution as module
    from tb_bnplugin.keras.probe import run as probe

    model = create(flavour.keras, 4)
    batch = X, labels_of(model)
    spoil(model, (1, 2))
    before = state_of(model)
    bare, written = module._write, []

    def failing(*args: Any) -> None:
        bare(*args)
        written.append(args)
        if len(written) == 3:
            raise OSError("half way")

    monkeypatch.setattr(module, "_write", failing)
    guard = Guard("net")
    with pytest.warns(RuntimeWarning, match="which layers of 'net' cause a gap"):
        result = probe.run(model, *batch, attempt=guard.attempt)
    assert_same(before, state_of(model))
    assert result.moving["loss"] > result.batch["loss"]
    assert all("gap_share" not in layer for layer in result.layers.values())


def test_a_layer_called_several_times_is_measured_too(flavour: Flavour) -> None:
    keras = flavour.keras
    shared, own = keras.layers.BatchNormalization(name="shared"), keras.layers.BatchNormalization()
    inputs = [keras.Input((FEATURES,)) for _ in range(2)]
    h = keras.layers.Concatenate()([shared(part) for part in inputs])
    model = keras.Model(inputs, own(h))
    x = [X, 50 + 9 * X]
    own.set_weights([*own.get_weights()[:2], np.zeros(2 * FEATURES), np.ones(2 * FEATURES)])
    found = shares(model, x)
    assert found["shared"]["gap_share"] == pytest.approx(1.0, abs=0.01)
