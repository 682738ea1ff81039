"""Tiny networks of either Keras, and what numpy sees of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.findings.data import Digits, accuracy

Values = npt.NDArray[Any]


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


def norms(model: Any) -> list[Any]:
    """The layers of a model that hold moving statistics."""
    return [
        layer
        for layer in model._flatten_layers(include_self=False)
        if getattr(layer, "moving_mean", None) is not None
    ]


def statistics(model: Any) -> Values:
    """All moving means, then all moving variances, as one float64 vector."""
    parts = [layer.moving_mean for layer in norms(model)]
    parts += [layer.moving_variance for layer in norms(model)]
    return flat(parts)


def at_start(model: Any) -> bool:
    """Whether every moving mean is 0 and every moving variance 1."""
    layers = norms(model)
    mean = flat([layer.moving_mean for layer in layers])
    variance = flat([layer.moving_variance for layer in layers])
    return bool(len(mean) and (mean == 0).all() and (variance == 1).all())


def trained(model: Any) -> Values:
    """All trainable weights as one vector."""
    return flat(model.trainable_variables)


def flat(variables: Any) -> Values:
    """Variables as one float64 vector."""
    parts = [np.asarray(variable.numpy(), np.float64).ravel() for variable in variables]
    return np.concatenate(parts) if parts else np.zeros(0)


def changes(read: Callable[[], Values]) -> Callable[[], bool]:
    """Tells whether a value differs from what it is now."""
    first = read().copy()
    return lambda: not np.array_equal(read(), first, equal_nan=True)


def accuracy_by_mode(model: Any, data: Digits) -> tuple[float, float]:
    """Validation accuracy with the moving and with the batch statistics; all is as before after."""
    weights = model.get_weights()
    moving = accuracy(model(data.x_val, training=False), data.y_val)
    batch = accuracy(model(data.x_val, training=True), data.y_val)
    model.set_weights(weights)
    return moving, batch
