"""The variance lies far below epsilon, so that epsilon decides the scale of a loaded layer.

What it sees:
    Layers with loaded weights and statistics whose variance is less than a fifth of epsilon, while
    the layers behind them get values that are smaller than those they were trained on.

Why it matters:
    A layer divides by the root of variance + epsilon. With a variance of 2e-5, Keras' epsilon of
    1e-3 makes what comes out seven times smaller than PyTorch's of 1e-5 or a source with 1e-7.
    All weights and statistics of a port may be equal, and its answers are not. In both modes
    alike, so that no evaluation in training mode shows it.

How it decides:
    The means over the channels of the moving variance, and of that of the batches (or of what
    enters in the probe), are below a fifth of epsilon and within a factor of two of one another:
    the layer sees what it saw when it was trained. Gamma and beta were trained when the watch
    began, and the statistics loaded. A warning where a layer behind it has a moving variance more
    than a factor of two above that of what enters (the median of the first five records, or
    the probe): that BN202 only follows from it, and is not told. Without such a layer it is a fact,
    since gamma may have been trained with this epsilon. A layer that trains from its initializers
    adapts gamma, and is fine.

What to do:
    Take the epsilon of the source, for example `BatchNormalization(epsilon=1e-5)` for PyTorch's
    default; or scale the inputs, so that variances are about 1, before training the source.

When it is fine:
    Weights that were trained with this very epsilon, as in a training that is resumed: the layers
    behind fit, and nothing is reported.

References:
    https://github.com/gzuidhof/nn-transfer/issues/3,
    https://github.com/keras-team/keras/issues/11867
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.epsilon import EpsilonGap, epsilon_gap
from tb_bnplugin.diagnose.evidence.layers import paths
from tb_bnplugin.diagnose.needs import COUNTED
from tb_bnplugin.diagnose.outcome import EvidenceValue, Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.printed import num

RULE: Final = Rule(code="BN213", name="epsilon-dominates", severity="warning", needs=(COUNTED,))

FIX: Final = (
    "Give the layer the epsilon of the model that its weights are from, for example"
    " `BatchNormalization(epsilon=1e-5)` for PyTorch's default. Or scale the inputs, and train the"
    " source anew."
)


def check(history: ModelHistory) -> Outcome:
    """Look for loaded layers that epsilon decides."""
    gap = epsilon_gap(history)
    if gap.dominated.any():
        return _finding(history, gap)
    if not gap.known.all():
        return RULE.not_checked("The moving variance or epsilon of some layers is not known.")
    return RULE.ok("Epsilon decides the scale of no layer that was loaded.")


def _finding(history: ModelHistory, gap: EpsilonGap) -> Outcome:
    first = int(np.flatnonzero(gap.dominated)[0])
    path = history.facts.layers[first].path
    variance, epsilon = float(gap.variance[first]), float(gap.epsilon[first])
    shrunk = float(np.sqrt(1.0 + epsilon / variance))
    what = (
        f"loaded with a variance far below epsilon: in {path} it is {num(variance)}, and epsilon"
        f" {num(epsilon)} makes what comes out {num(shrunk)} times smaller."
    )
    evidence: dict[str, EvidenceValue] = {
        "first_layer": path,
        "variance": variance,
        "epsilon": epsilon,
        "shrunk": shrunk,
    }
    steps = (int(history.steps[0]), int(history.steps[-1]))
    if not gap.following.any() and gap.unclear.any():
        return RULE.not_checked(
            f"{path} has a variance of {num(variance)} under an epsilon of {num(epsilon)}, and the"
            " first records, which show whether layers behind it suffer from it, are missing."
        )
    if not gap.following.any():
        return RULE.fact(
            f"{', '.join(paths(history, gap.dominated))}: {what} If they were trained so, that is"
            " as it was.",
            evidence=evidence,
            layers=paths(history, gap.dominated),
            steps=steps,
        )
    behind = paths(history, gap.following)
    return RULE.layer_finding(
        history,
        gap.dominated,
        f"were {what} {', '.join(behind[:5])} behind {'gets' if len(behind) == 1 else 'get'} less"
        " than the statistics there have.",
        fix=FIX,
        evidence={**evidence, "layers_behind": len(behind)},
        steps=steps,
    )
