"""A batch normalization layer is called that the model does not track.

What it sees:
    A layer within the function of a `Lambda`, taken by a `call` from around it, or held by a plain
    object: its statistics move while the model trains, and it is no layer of the model.

Why it matters:
    Keras tracks the layers that are attributes of a layer, or in lists and dicts there. Gamma and
    beta of any other are no weights of the model: they are not trained, and neither they nor the
    moving statistics are saved with it. `model.trainable` does not reach the layer either.

How it decides:
    The functions of `Lambda` layers and the `call` methods of the program are searched for layers
    that they can reach, through closures, globals, plain objects and lists. Of such a layer, the
    statistics have changed since the model is watched, so that it runs in training mode. A model
    that is reached in this way is left out, since it may be trained and saved by itself.

What to do:
    Make it a layer of the model: call it in the functional model itself, or assign it to an
    attribute in the `__init__` of a layer or model:

        self.norm = keras.layers.BatchNormalization()

When it is fine:
    If the program passes its variables to the optimizer and saves them; then gamma and beta have
    changed too, and it is no more than an info.

References:
    https://github.com/shenweichen/DeepCTR/issues/522,
    https://keras.io/api/layers/core_layers/lambda/
"""

from __future__ import annotations

from typing import Final

from tb_bnplugin.diagnose.needs import GRAPH
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory

RULE: Final = Rule(code="BN214", name="untracked-layer", severity="error", needs=(GRAPH,))

NAMED_AT_MOST: Final = 3
"""Layers that the message names; the finding lists all."""


def check(history: ModelHistory) -> Outcome:
    """Look for layers that run, and that the model neither trains nor saves."""
    if history.facts.is_placeholder or not len(history.steps):
        return RULE.not_checked("The model has made no step that was recorded.")
    known = history.facts.graph.untracked
    running = [layer for layer in known if layer.updated]
    if not running and known:
        return RULE.not_checked(
            f"{known[0].path} is no layer of the model, and has not run in training mode so far."
        )
    if not running:
        return RULE.ok(
            "No function or object of the model holds a layer that Keras does not track."
        )
    idle = [layer for layer in running if not layer.learned]
    shown = idle or running
    named = ", ".join(layer.path for layer in shown[:NAMED_AT_MOST])
    more = len(shown) - NAMED_AT_MOST
    paths = f"{named}{f' and {more} more' if more > 0 else ''}"
    steps = (int(history.steps[0]), int(history.steps[-1]))
    evidence = {"untracked_layers": len(running), "not_trained": len(idle)}
    if not idle:
        return RULE.finding(
            message=(
                f"{len(shown)} batch normalization layers run and are trained, but are no layers of"
                f" the model, so that it does not save them: {paths}."
            ),
            fix="Assign the layer to an attribute of the model, or save it beside the model.",
            evidence=evidence,
            layers=[layer.path for layer in shown],
            steps=steps,
            severity="info",
        )
    return RULE.finding(
        message=(
            f"{len(shown)} batch normalization {'layer runs' if len(shown) == 1 else 'layers run'}"
            f" in training mode and {'is no layer' if len(shown) == 1 else 'are no layers'} of the"
            f" model, so that gamma and beta are neither trained nor saved: {paths}."
        ),
        fix=(
            "Call it in the functional model itself, or make it in the `__init__` of a layer or"
            " model: `self.norm = keras.layers.BatchNormalization()`."
        ),
        evidence=evidence,
        layers=[layer.path for layer in shown],
        steps=steps,
    )
