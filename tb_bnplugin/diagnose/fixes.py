"""Cures that several rules name, right for the Keras that was recorded and the way of training."""

from __future__ import annotations

from collections.abc import Sequence

from tb_bnplugin.history.model import LayerFacts, ModelFacts

HAND_TRAINING_ON = "def call(self, x, training=None): ... x = self.bn(x, training=training)"


def run_in_training_mode(facts: ModelFacts, layers: Sequence[LayerFacts]) -> str:
    """How to make layers run in training mode while the model trains."""
    if any(layer.requested is False for layer in layers):
        return (
            "The functional graph was built with training=False for these layers. Remove it where"
            " the layer or the base model is called, `x = base(x)`, and build and compile the"
            " model again; or, to keep them frozen, set `base.trainable = False` and compile."
        )
    if facts.trained_by == "loop":
        cure = (
            "Inside the tape call `y = model(x, training=True)`; call `model(x, training=False)`"
            " when you evaluate or predict."
        )
        return f"{cure} {_subclass_cure(facts)}" if facts.subclassed else cure
    own_step = "In a `train_step` of your own call `y = self(x, training=True)`."
    return f"{_subclass_cure(facts)} {own_step}" if facts.subclassed else own_step


def _subclass_cure(facts: ModelFacts) -> str:
    if facts.call_accepts_training is False:
        told = " Keras 3 does not tell a model without it that it trains." if facts.keras_3 else ""
        return f"Give the model's `call` the argument and hand it on: `{HAND_TRAINING_ON}`.{told}"
    return f"The model's `call` must hand the argument on: `{HAND_TRAINING_ON}`."
