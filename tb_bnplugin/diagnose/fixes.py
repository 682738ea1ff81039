"""Cures that depend on the Keras that was recorded and on the way of training."""

from __future__ import annotations

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import Mask, calls_by_layer, chosen
from tb_bnplugin.diagnose.evidence.losses import near
from tb_bnplugin.history.model import ModelFacts, ModelHistory
from tb_bnplugin.printed import num

HAND_TRAINING_ON = "def call(self, x, training=None): ... x = self.bn(x, training=training)"

PREPARED = "prepared as for the training step"
"""How the data of a recalibration must be: those of validation may be prepared otherwise."""

RECALIBRATE = "`tb_bnplugin.recalibrate(model, (x, y))`"
"""Estimates moving statistics anew from training data."""

RECALIBRATE_FROZEN = "`tb_bnplugin.recalibrate(model, x, frozen=True)`"
"""The same of frozen layers; without labels, since an untrained head judges nothing."""

RECALIBRATE_IN_FIT = "`tb_bnplugin.RecalibrateCallback((x, y))`"
"""The same, before each validation of `fit`."""


def held_batch(history: ModelHistory) -> str:
    """The held batch of the probes, with the place of the program that gives it."""
    given = history.facts.trained_by == "fit" and history.facts.probe_data
    return f"the held batch ({'probe_data' if given else 'summary.probe'})"


def probe_beside_validation(history: ModelHistory) -> str:
    """A sentence where the held batch is one of two places that hold data of validation; or ""."""
    if history.facts.trained_by == "fit" and history.facts.probe_data:
        return " probe_data and validation_data are two places: prepare both."
    return ""


def catch_up(history: ModelHistory) -> str:
    """Cures where the means of batches move faster than a moving mean follows."""
    recalibrate = RECALIBRATE_IN_FIT if history.facts.trained_by == "fit" else RECALIBRATE
    return (
        "Subtract the mean of the inputs before they enter the model, or estimate the statistics"
        f" anew from the training data, {PREPARED}, before each validation: {recalibrate}."
    )


def run_in_training_mode(history: ModelHistory, wrong: Mask) -> str:
    """How to make layers [layers] run in training mode while the model trains."""
    facts = history.facts
    if any(layer.requested is False for layer in chosen(history, wrong)):
        return (
            "The functional graph was built with training=False for these layers. Remove it where"
            " the layer or the base model is called, `x = base(x)`, then build and compile the"
            " model again. To keep the layers frozen, set `base.trainable = False` and compile."
        )
    if facts.trained_by == "loop":
        cure = (
            "Call `y = model(x, training=True)` inside the tape, and `model(x, training=False)`"
            " when you evaluate or predict."
        )
        return f"{cure} {_subclass_cure(facts)}" if _may_lose_it(history, wrong) else cure
    if facts.code.own_train_step is False:
        return _in_keras_own_step(facts)
    if not facts.code.has_call:
        return (
            "In your own `train_step`, call the models that hold these layers with `training=True`,"
            " as `self.generator(z, training=True)`."
        )
    own_step = "In your own `train_step`, call `y = self(x, training=True)`."
    return f"{_subclass_cure(facts)} {own_step}" if _may_lose_it(history, wrong) else own_step


def _may_lose_it(history: ModelHistory, wrong: Mask) -> bool:
    """True where the model's own `call` may keep a `training=True` from layers [layers].

    Where it takes the argument, and neither its layers nor what is around them were given one, the
    program gave none to it.
    """
    code = history.facts.code
    if not code.subclassed or not code.call_accepts_training:
        return code.subclassed
    calls = calls_by_layer(history)
    given = {
        (call.training_argument, call.source)
        for layer in np.flatnonzero(wrong)
        for call in calls.get(int(layer), ())
        if call.context == "tape"
    }
    return given != {("none", "")}


def _in_keras_own_step(facts: ModelFacts) -> str:
    """The cure where `fit` calls the model in training mode, and a layer in it does not run so."""
    if facts.code.subclassed and facts.code.call_accepts_training is False:
        return _subclass_cure(facts)
    return (
        "`fit` calls the model in training mode, and a `call` within it passes `training=False` on"
        f" to these layers. Let it pass on what it is given: `{HAND_TRAINING_ON}`."
    )


def reduce_over_rows(replicas: float, per_row: str = "per_example_loss") -> str:
    """How to take the mean of a loss over the rows of a batch, of all replicas together."""
    if replicas > 1:
        return (
            f"`tf.nn.compute_average_loss({per_row})`, which divides by the rows of all"
            f" {num(replicas)} replicas"
        )
    return f"`tf.reduce_mean({per_row})`"


def mean_of_rows(
    replicas: float, outputs: float, *, divide: str = "Divide by the rows of each batch"
) -> str:
    """How to take Keras' mean of a loss, whatever the program has as the loss of a row.

    `outputs` of a row over which Keras averages: NaN where they are not known.
    """
    row = ""
    if not outputs <= 1.0:
        several = f"its {num(outputs)} outputs" if outputs > 1.0 else "its outputs"
        row = f", where the loss of a row is the mean over {several}, as Keras has it"
    return f"{divide}: {reduce_over_rows(replicas)}{row}."


def after_the_mean(factor: float, rows: float, rate: float | None = None) -> str:
    """The effect of Keras' mean on steps of a factor times it, and their cure: after a comma.

    Args:
        factor: of the present steps to those of Keras' mean.
        rows: of a batch in which it is so.
        rate: the present learning rate; None: not known, or not one number.
    """
    if near(factor, 1.0):
        return f"the steps of {num(rows)} rows stay as they are"
    whole = factor > 1.5 and near(factor, round(factor))
    times = f"1/{num(factor)}" if whole else f"{num(1.0 / factor)} times"
    keep = f"multiply the learning rate by {num(factor)}"
    if rate:
        keep = f"use learning_rate = {num(rate * factor)} instead of {num(rate)}"
    return (
        f"the repaired loss takes steps {times} as large as now, in batches of {num(rows)} rows; to"
        f" keep the present steps, {keep}"
    )


def freeze(history: ModelHistory) -> str:
    """How to freeze layers, to go on with "To freeze these layers ..."."""
    again = "and compile again" if history.facts.trained_by == "fit" else "before tracing"
    return f"set `layer.trainable = False` {again}"


def evaluate_in_inference_mode(history: ModelHistory) -> str:
    """How to find the call that runs in training mode while the model is evaluated."""
    if history.facts.trained_by == "loop":
        return (
            "Evaluate with `model(x, training=False)`. Call no layer with `training=True`, and let"
            " no `call` have True as the default of `training`."
        )
    if history.facts.code.subclassed:
        return (
            f"Let `training` default to None and pass it on: `{HAND_TRAINING_ON}`. A default of"
            " True turns training mode on in evaluate, and so does a `test_step` that calls"
            " `self(x, training=True)`."
        )
    return (
        "Look for a layer that is called with `training=True`, `bn(x, training=True)`, where the"
        " model is built or in the `call` of a layer of your own, or a `test_step` that calls"
        " `self(x, training=True)`, and remove it."
    )


def evaluate_outside_of_training(history: ModelHistory) -> str:
    """How to run the model between two steps of the optimizer without changing its statistics."""
    if history.facts.trained_by == "loop":
        cure = (
            "Evaluate with `model(x, training=False)`, and mark the loop with"
            " `with watch.evaluating():`."
        )
    else:  # what a callback of `fit` calls; there is no watch in such a program
        cure = (
            "Call the model with `training=False` wherever it is not trained, in a callback"
            " `self.model(x, training=False)`."
        )
    if any("Dropout" in node.layer_class for node in history.facts.graph.nodes):
        # a graph that is built with `Dropout(...)(x, training=True)` loses it in Keras 3, where
        # the model is called with training=False
        return (
            f"{cure} Where Dropout is to stay on (Monte Carlo dropout), let it alone do so: build"
            " the model with a subclass of `keras.layers.Dropout` that has"
            " `def call(self, inputs, training=None): return super().call(inputs, training=True)`."
        )
    return cure


def _subclass_cure(facts: ModelFacts) -> str:
    if facts.code.call_accepts_training is False:
        why = (
            " Keras 3 does not tell a model without it that it is training."
            if facts.keras_3
            else ""
        )
        return f"Add the argument to the model's `call` and pass it on: `{HAND_TRAINING_ON}`.{why}"
    return f"The model's `call` must pass the argument on: `{HAND_TRAINING_ON}`."
