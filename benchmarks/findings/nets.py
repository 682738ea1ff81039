"""Tiny networks of either Keras."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.data import Digits


def conv_net(keras: Any, *, name: str | None = None, **norm: Any) -> Any:
    """Two convolutions with batch normalization, then ten logits; `norm` goes to those layers."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(8, 3),
            layers.BatchNormalization(**norm),
            layers.ReLU(),
            layers.Conv2D(16, 3),
            layers.BatchNormalization(**norm),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(10),
        ],
        name=name,
    )


def dense_net(
    keras: Any,
    *,
    inputs: int = 64,
    units: int = 48,
    outputs: int = 10,
    use_bias: bool = True,
    activation: str | None = None,
    norm: Any = None,
    name: str | None = None,
    **options: Any,
) -> Any:
    """One hidden layer with batch normalization.

    Args:
        keras: the module `keras` or `tf_keras`.
        inputs: numbers a row.
        units: of the hidden layer.
        outputs: numbers a row; logits, if there is no `activation`.
        use_bias: whether the hidden layer has a bias before the normalization.
        activation: of the outputs.
        norm: the layer that normalizes, in place of a new one.
        name: of the model.
        options: of the new `BatchNormalization`.
    """
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((inputs,)),
            layers.Dense(units, use_bias=use_bias),
            layers.BatchNormalization(**options) if norm is None else norm,
            layers.ReLU(),
            layers.Dense(outputs, activation=activation),
        ],
        name=name,
    )


def base_net(keras: Any, *, name: str = "base", **norm: Any) -> Any:
    """A functional network from an image to 16 features, to be put into another model."""
    layers = keras.layers
    image = keras.Input((8, 8, 1))
    x = layers.Conv2D(8, 3)(image)
    x = layers.ReLU()(layers.BatchNormalization(**norm)(x))
    x = layers.Conv2D(16, 3)(x)
    x = layers.ReLU()(layers.BatchNormalization(**norm)(x))
    return keras.Model(image, layers.GlobalAveragePooling2D()(x), name=name)


def trained_base(keras: Any, data: Digits, *, epochs: int = 10, **norm: Any) -> Any:
    """A `base_net` whose weights and statistics come from training on the digits."""
    base = base_net(keras, **norm)
    teacher = keras.Sequential([base, keras.layers.Dense(10)])
    teacher.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    teacher.fit(data.x, data.y, epochs=epochs, batch_size=64, verbose=0)
    return base


def class_loss(keras: Any) -> Any:
    """Cross entropy of ten logits and a label, averaged over the batch."""
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def generator_net(keras: Any, *, noise: int) -> Any:
    """From noise to the 64 pixels of an image."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((noise,)),
            layers.Dense(48),
            layers.BatchNormalization(momentum=0.8),
            layers.LeakyReLU(),
            layers.Dense(64, activation="sigmoid"),
        ],
        name="generator",
    )


def discriminator_net(keras: Any) -> Any:
    """From the 64 pixels of an image to how likely it is a real one."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(48),
            layers.LeakyReLU(),
            layers.Dense(24),
            layers.BatchNormalization(momentum=0.8),
            layers.LeakyReLU(),
            layers.Dropout(0.25),
            layers.Dense(1, activation="sigmoid"),
        ],
        name="discriminator",
    )
