"""One pass of a held batch, with everything left as it was."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import record

from tb_bnplugin.keras.calls.suspend import suspend
from tb_bnplugin.keras.flavour import Flavour
from tb_bnplugin.keras.probe.preserve import preserved


def forward(flavour: Flavour, model: Any, x: Any, forced: AbstractContextManager[None]) -> Any:
    """The outputs of the model in inference mode, within `forced`."""
    takes_training = not flavour.is_keras_3 or getattr(model, "_call_has_training_arg", True)
    options = {"training": False} if takes_training else {}
    with suspend(), record.stop_recording(), preserved(model), forced:
        return tf.nest.map_structure(tf.convert_to_tensor, model(x, **options))
