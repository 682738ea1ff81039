"""What is told of one optimizer, wrapped or not; asking changes nothing in it."""

from __future__ import annotations

import inspect
import math
from types import ModuleType
from typing import Any

import pytest

from tb_bnplugin.schema.facts import OptimizerFacts
from tests.conftest import Flavour


def facts(optimizer: Any) -> OptimizerFacts:
    from tb_bnplugin.keras.optimizers import description

    return description.facts(optimizer, "found")


class Trained:
    """A model of one layer, and an optimizer that makes steps with it."""

    def __init__(self, keras: Any, optimizer: Any) -> None:
        self.model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        self.optimizer = optimizer

    def step(self, times: int = 1) -> None:
        import tensorflow as tf

        for _ in range(times):
            weights = self.model.trainable_variables
            self.optimizer.apply_gradients([(tf.ones(one.shape), one) for one in weights])


def scaled(keras: Any, inner: Any, **how: Any) -> Any:
    """Within a loss scale of its own."""
    where = keras.optimizers if hasattr(keras, "ops") else keras.mixed_precision
    return where.LossScaleOptimizer(inner, **how)


def test_class_clipping_and_schedule(flavour: Flavour) -> None:
    from tb_bnplugin.keras.optimizers import description

    keras = flavour.keras
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([2, 5], [0.5, 0.25, 0.125])
    trained = Trained(keras, keras.optimizers.Adam(schedule, global_clipnorm=2.0))
    found = facts(trained.optimizer)
    assert (found.optimizer_class, found.keras_class, found.known_from) == ("Adam", "Adam", "found")
    assert found.schedule == "PiecewiseConstantDecay"
    assert (found.clipnorm, found.clipvalue, found.global_clipnorm) == (None, None, 2.0)
    assert (found.loss_scale, found.gradient_accumulation_steps) == (None, None)
    trained.step(4)
    assert int(description.iterations(trained.optimizer)) == 4
    assert float(description.learning_rate(trained.optimizer)) == 0.25


def test_the_optimizer_within_a_loss_scale(flavour: Flavour) -> None:
    from tb_bnplugin.keras.optimizers import description

    keras = flavour.keras
    trained = Trained(
        keras, scaled(keras, keras.optimizers.SGD(0.5, clipnorm=3.0), initial_scale=8.0)
    )
    assert description.loss_scale(trained.optimizer) == 8.0
    trained.step()
    found = facts(trained.optimizer)
    assert (found.optimizer_class, found.clipnorm, found.loss_scale) == ("SGD", 3.0, "dynamic")
    assert description.loss_scale(trained.optimizer) == 8.0
    assert int(description.iterations(trained.optimizer)) == 1
    assert float(description.learning_rate(trained.optimizer)) == 0.5
    assert description.trains(trained.optimizer, trained.model.weights)


def test_options_of_keras_3_alone(flavour: Flavour) -> None:
    from tb_bnplugin.keras.optimizers import description

    if flavour.name != "keras3":
        fixed = scaled(
            flavour.keras, flavour.keras.optimizers.SGD(), dynamic=False, initial_scale=4
        )
        assert (facts(fixed).loss_scale, description.loss_scale(fixed)) == ("fixed", 4.0)
        return
    sgd = flavour.keras.optimizers.SGD
    asked = {"loss_scale_factor": 4.0, "gradient_accumulation_steps": 3, "clipvalue": 0.1}
    known = {name: asked[name] for name in asked if name in inspect.signature(sgd).parameters}
    optimizer = sgd(**known)
    found = facts(optimizer)
    assert found.loss_scale == ("fixed" if "loss_scale_factor" in known else None)
    assert description.loss_scale(optimizer) == pytest.approx(
        known.get("loss_scale_factor", math.nan), nan_ok=True
    )
    assert found.gradient_accumulation_steps == known.get("gradient_accumulation_steps")
    assert found.clipvalue == 0.1


def test_a_class_of_the_users_is_told_by_what_it_derives_from(flavour: Flavour) -> None:
    class Mine(flavour.keras.optimizers.Adam):  # type: ignore[misc, name-defined, unused-ignore]
        pass

    class Own(flavour.keras.optimizers.Optimizer):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            if flavour.name == "keras3":
                super().__init__(learning_rate=0.1)
            else:
                super().__init__("own")

    assert (facts(Mine()).optimizer_class, facts(Mine()).keras_class) == ("Mine", "Adam")
    assert (facts(Own()).optimizer_class, facts(Own()).keras_class) == ("Own", None)


def test_a_legacy_optimizer_is_left_as_it_is(flavour: Flavour) -> None:
    from tb_bnplugin.keras.optimizers import description

    if flavour.name == "keras3":
        return  # has none
    keras = flavour.keras
    trained = Trained(keras, keras.optimizers.legacy.Adam(0.5))
    assert description.iterations(trained.optimizer) is None
    assert trained.optimizer._iterations is None  # asking makes no variable
    assert not description.trains(trained.optimizer, trained.model.weights)
    trained.step(2)
    assert description.trains(trained.optimizer, trained.model.weights)
    assert int(description.iterations(trained.optimizer)) == 2
    assert float(description.learning_rate(trained.optimizer)) == 0.5
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([0], [0.5, 0.25])
    decaying = Trained(keras, keras.optimizers.legacy.SGD(schedule))
    decaying.step()
    assert facts(decaying.optimizer).schedule == "PiecewiseConstantDecay"
    assert float(description.learning_rate(decaying.optimizer)) == 0.25


def test_it_trains_the_weights_it_was_built_for(flavour: Flavour) -> None:
    from tb_bnplugin.keras.optimizers import description

    keras = flavour.keras
    one, other = (Trained(keras, keras.optimizers.SGD()) for _ in range(2))
    assert not description.trains(one.optimizer, one.model.weights)
    one.step()
    assert description.trains(one.optimizer, one.model.weights)
    assert not description.trains(one.optimizer, other.model.weights)


def test_no_loss_scale_is_no_number(flavour: Flavour) -> None:
    from tb_bnplugin.keras.optimizers import description

    assert math.isnan(description.loss_scale(flavour.keras.optimizers.Adam()))


@pytest.mark.parametrize("given", [3, "adam", [], [None], {"adam": 1}], ids=repr)
def test_what_is_no_optimizer_is_refused(tensorflow: ModuleType, given: Any) -> None:
    from tb_bnplugin.keras.optimizers.description import check_optimizers

    if given == []:
        assert check_optimizers(given) == ()
        return
    with pytest.raises(TypeError, match=r"must be an optimizer, such as .*Adam\(\).*received"):
        check_optimizers(given)


def test_a_class_is_no_optimizer(flavour: Flavour) -> None:
    from tb_bnplugin.keras.optimizers.description import check_optimizers

    with pytest.raises(TypeError, match="must be an optimizer"):
        check_optimizers(flavour.keras.optimizers.Adam)
    both = [flavour.keras.optimizers.Adam(), flavour.keras.optimizers.SGD()]
    assert check_optimizers(both) == tuple(both)
