"""The same random numbers in both steps, where tf_keras' layers draw from operations with state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tb_bnplugin.keras.flavour import flavour_of


@contextmanager
def same_noise(model: Any) -> Iterator[None]:
    """Within, each layer of tf_keras draws the same numbers at each call.

    Its layers draw from TensorFlow's stateful operations, which cannot be set back. Keras 3 keeps
    the seeds of its layers in variables, which are restored like all others.
    """
    if flavour_of(model).is_keras_3:
        yield
        return
    from tf_keras.src.backend import RandomGenerator

    saved = []
    for layer in model._flatten_layers():
        held = vars(layer)
        if isinstance(held.get("_random_generator"), RandomGenerator):
            saved.append((held, held["_random_generator"]))
            held["_random_generator"] = RandomGenerator(len(saved), rng_type="stateless")
    try:
        yield
    finally:
        for held, generator in saved:
            held["_random_generator"] = generator
