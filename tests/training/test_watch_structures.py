"""Every layer that Keras tracks is watched, however the model holds it; each counts its calls."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import tb_bnplugin
from tests.conftest import Flavour
from tests.support.tiny import X, Y, compile_tiny, create_dense, executions, fit, recorded_facts

ONCE = {"training_no_tape": 1}


def functional(keras: Any, build: Any, name: str = "graph") -> Any:
    """A functional model of three inputs, whose middle is what `build` makes of them."""
    inputs = keras.Input((3,))
    outputs = keras.layers.Dense(1)(build(inputs))
    return keras.Model(inputs, outputs, name=name)


def test_a_shared_layer_counts_each_call(flavour: Flavour) -> None:
    keras = flavour.keras
    shared = keras.layers.BatchNormalization(name="shared")
    model = functional(keras, lambda x: keras.layers.Add()([shared(x), shared(2.0 * x)]))
    tb_bnplugin.watch(model)
    model(X[:4], training=True)
    assert executions(model) == {"shared": {"training_no_tape": 2}}


def test_a_nested_model_asked_for_inference(flavour: Flavour) -> None:
    keras = flavour.keras
    base = functional(keras, keras.layers.BatchNormalization(name="bn"), "base")
    model = compile_tiny(functional(keras, lambda x: base(x, training=False)))
    tb_bnplugin.watch(model)
    fit(model)
    # Keras 3 before 3.16 overrides what the graph asked for; tf_keras honours it.
    mode = "training" if overrides_graph(flavour) else "inference"
    assert executions(model) == {"base/bn": {f"{mode}_tape": 10}}


def overrides_graph(flavour: Flavour) -> bool:
    version = tuple(int(part) for part in flavour.keras.__version__.split(".")[:2])
    return flavour.name == "keras3" and version < (3, 16)


def test_time_distributed(flavour: Flavour) -> None:
    keras = flavour.keras
    inputs = keras.Input((5, 3))
    wrapped = keras.layers.TimeDistributed(keras.layers.BatchNormalization(name="bn"), name="time")
    model = keras.Model(inputs, wrapped(inputs))
    tb_bnplugin.watch(model)
    model(X[:40].reshape(8, 5, 3), training=True)
    # Keras 3 calls the layer once a time step, tf_keras once with all of them.
    times = 5 if flavour.name == "keras3" else 1
    assert executions(model) == {"time/bn": {"training_no_tape": times}}


def test_layers_in_lists_and_dicts(flavour: Flavour) -> None:
    keras = flavour.keras

    class Held(keras.Model):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.blocks = [keras.layers.BatchNormalization(name=f"in_list_{at}") for at in (0, 1)]
            self.heads = {"mean": keras.layers.BatchNormalization(name="in_dict")}

        def call(self, inputs: Any, training: Any = None) -> Any:
            for block in self.blocks:
                inputs = block(inputs, training=training)
            return self.heads["mean"](inputs, training=training)

    model = Held()
    tb_bnplugin.watch(model)
    model(X[:4], training=True)
    assert executions(model) == {"in_list_0": ONCE, "in_list_1": ONCE, "in_dict": ONCE}


def test_a_wrapped_cell(flavour: Flavour) -> None:
    keras = flavour.keras

    class Cell(keras.layers.Layer):  # type: ignore[misc, name-defined, unused-ignore]
        state_size = 3
        output_size = 3

        def __init__(self, **how: Any) -> None:
            super().__init__(**how)
            self.bn = keras.layers.BatchNormalization(name="bn")

        def build(self, shape: Any) -> None:
            self.bn.build(shape)
            self.built = True

        def call(self, inputs: Any, states: Any, training: Any = None) -> Any:
            outputs = self.bn(inputs, training=training) + states[0]
            return outputs, [outputs]

    inputs = keras.Input((5, 3))
    model = keras.Model(inputs, keras.layers.RNN(Cell(name="cell"), unroll=True)(inputs))
    tb_bnplugin.watch(model)
    model(X.reshape(8, 5, 3), training=True)
    assert executions(model) == {"rnn/cell/bn": {"training_no_tape": 5}}


def test_layers_added_after_watch(flavour: Flavour) -> None:
    keras = flavour.keras
    model = keras.Sequential([keras.layers.BatchNormalization(name="first")])
    tb_bnplugin.watch(model)
    model.add(keras.layers.BatchNormalization(name="second"))
    model(X[:4], training=True)
    assert executions(model)["first"] == ONCE
    model(X[:4], training=True)  # found when the record above was made
    assert executions(model) == {"first": {"training_no_tape": 2}, "second": ONCE}


def test_a_layer_created_when_the_model_is_built_is_found_at_the_next_record(
    flavour: Flavour,
) -> None:
    keras = flavour.keras

    class Lazy(keras.Model):  # type: ignore[misc, name-defined, unused-ignore]
        def build(self, shape: Any) -> None:
            self.bn = keras.layers.BatchNormalization(name="late")
            self.built = True

        def call(self, inputs: Any, training: Any = None) -> Any:
            return self.bn(inputs, training=training)

    model = Lazy()
    tb_bnplugin.watch(model)
    model(X[:4], training=True)
    assert executions(model) == {"late": {}}
    model(X[:4], training=True)
    assert executions(model) == {"late": ONCE}


def test_one_watched_model_inside_another(flavour: Flavour) -> None:
    keras = flavour.keras
    base = create_dense(keras, "base")
    outer = functional(keras, base)
    tb_bnplugin.watch(base)
    tb_bnplugin.watch(outer)
    outer(X[:4], training=True)
    assert executions(base) == {"bn": ONCE}
    assert executions(outer) == {"base/bn": ONCE}


def test_closing_the_inner_leaves_the_outer_watched(flavour: Flavour) -> None:
    keras = flavour.keras
    base = create_dense(keras, "base")
    outer = functional(keras, base)
    inner_watch, outer_watch = tb_bnplugin.watch(base), tb_bnplugin.watch(outer)
    inner_watch.close()
    outer(X[:4], training=True)
    assert executions(outer) == {"base/bn": ONCE}
    outer_watch.close()
    assert "call" not in base.get_layer("bn").__dict__


def test_watching_twice_counts_once(flavour: Flavour) -> None:
    model = create_dense(flavour.keras)
    tb_bnplugin.watch(model)
    tb_bnplugin.watch(model)
    model(X[:4], training=True)
    assert executions(model) == {"bn": ONCE}


def test_a_model_without_batch_normalization(flavour: Flavour) -> None:
    keras = flavour.keras
    model = compile_tiny(functional(keras, keras.layers.Dense(4)))
    tb_bnplugin.watch(model)
    fit(model)
    assert executions(model) == {}


def test_a_foreign_class_that_looks_alike(flavour: Flavour, tensorflow: ModuleType) -> None:
    keras = flavour.keras

    class Norm(keras.layers.Layer):  # type: ignore[misc, name-defined, unused-ignore]
        momentum = None

        def build(self, shape: Any) -> None:
            self.momentum = 0.9
            size = (shape[-1],)
            self.moving_mean = self.add_weight(
                name="mean", shape=size, initializer="zeros", trainable=False
            )
            self.moving_variance = self.add_weight(
                name="variance", shape=size, initializer="ones", trainable=False
            )

        def call(self, inputs: Any, training: Any = None) -> Any:
            return inputs

    model = functional(keras, Norm(name="norm"))
    watch = tb_bnplugin.watch(model)
    model(X[:4], training=True)
    assert executions(model) == {"norm": ONCE}
    (facts,) = recorded_facts(watch._recorder).layers
    assert not facts.keras_layer


def test_a_gan_counts_each_model_where_it_runs(flavour: Flavour, tensorflow: ModuleType) -> None:
    keras = flavour.keras
    generator = create_dense(keras, "generator")
    critic_input = keras.Input((1,))
    critic = keras.Model(
        critic_input, keras.layers.BatchNormalization(name="bn")(critic_input), name="critic"
    )
    tb_bnplugin.watch(generator)
    tb_bnplugin.watch(critic)

    @tensorflow.function
    def train_critic() -> Any:
        fake = generator(X[:4], training=True)
        with tensorflow.GradientTape() as tape:
            loss = tensorflow.reduce_mean(critic(fake, training=True)) - tensorflow.reduce_mean(
                critic(Y[:4], training=True)
            )
        return tape.gradient(loss, critic.trainable_variables)

    for _ in range(3):
        train_critic()
    assert executions(generator) == {"bn": {"training_no_tape": 3}}
    assert executions(critic) == {"bn": {"training_tape": 6}}


def test_overridden_steps(flavour: Flavour, tensorflow: ModuleType) -> None:
    keras = flavour.keras
    tf = tensorflow

    class Own(keras.Model):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.bn = keras.layers.BatchNormalization(name="bn")
            self.head = keras.layers.Dense(1)

        def call(self, inputs: Any, training: Any = None) -> Any:
            return self.head(self.bn(inputs, training=training))

        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(self(x, training=True) - y))
            weights = self.trainable_variables
            gradients = tape.gradient(loss, weights)
            self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
            return {"loss": loss}

        def test_step(self, data: Any) -> Any:
            x, y = data
            return {"loss": tf.reduce_mean(tf.square(self(x, training=True) - y))}

    model = compile_tiny(Own())
    tb_bnplugin.watch(model)
    fit(model, validation_data=(X, Y))
    assert executions(model) == {"bn": {"training_tape": 10, "training_evaluate": 10}}


def test_a_subclassed_model_built_after_watch_starts_at_its_initializer(
    flavour: Flavour,
) -> None:
    keras = flavour.keras

    class Late(keras.Model):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.bn = keras.layers.BatchNormalization(name="bn")
            self.head = keras.layers.Dense(1)

        def call(self, inputs: Any, training: Any = None) -> Any:
            return self.head(self.bn(inputs, training=training))

    model = compile_tiny(Late())
    watch = tb_bnplugin.watch(model)
    fit(model)
    assert executions(model) == {"bn": {"training_tape": 10}}
    (facts,) = recorded_facts(watch._recorder).layers
    assert (facts.start, facts.start_updates_before) == ("initializer", 0.0)
