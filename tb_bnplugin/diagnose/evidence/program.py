"""Two logs: whether one program wrote both, resumed or started twice."""

from __future__ import annotations

from dataclasses import replace

from tb_bnplugin.diagnose.evidence.losses import Measurement, near
from tb_bnplugin.history.model import LossFacts, ModelHistory


def is_one_program(
    history: ModelHistory, loss: Measurement, other: ModelHistory, other_loss: Measurement
) -> bool:
    """True where model, optimizer and loss are the same, on batches of whatever size.

    A loss of the same name that divides by another number was changed: that is another program.
    """
    per_row = [each.factor / each.batch for each in (loss, other_loss) if each.factor is not None]
    return (
        len(per_row) == 2
        and near(per_row[0], per_row[1])
        and _without_rows(loss.loss.facts) == _without_rows(other_loss.loss.facts)
        and _static(history) == _static(other)
    )


def _static(history: ModelHistory) -> tuple[object, ...]:
    facts = history.facts
    layers = tuple((layer.path, layer.layer_class, layer.channels) for layer in facts.layers)
    return (facts.code, facts.keras, facts.optimizers, facts.trained_by, layers, facts.graph)


def _without_rows(facts: LossFacts | None) -> LossFacts | None:
    if facts is None:
        return None
    labels, predictions = facts.label_shape, facts.prediction_shape
    return replace(
        facts,
        label_shape=None if labels is None else labels[1:],
        prediction_shape=None if predictions is None else predictions[1:],
    )
