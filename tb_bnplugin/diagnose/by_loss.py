"""The outcomes of a rule for each loss that is known to be the differentiated one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tb_bnplugin.diagnose.evidence.gradients import is_known_to_train
from tb_bnplugin.diagnose.needs import LOSS_IN_THE_STEP
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import LossHistory, ModelHistory


def check_differentiated(
    rule: Rule, history: ModelHistory, check: Callable[[LossHistory], Outcome]
) -> Iterator[Outcome]:
    """One outcome for each loss that trains the model, as far as it is known.

    A `train_step` of the user's own may differentiate anything: there the compiled loss, measured
    on probe data, says nothing, and only a loss that the step hands over is checked.
    """
    judged = [loss for loss in history.losses if is_known_to_train(history, loss)]
    if history.losses and not judged:
        yield rule.not_checked(
            "The model has its own `train_step`, which may differentiate another loss than the"
            f" compiled one. In the step, {LOSS_IN_THE_STEP}."
        )
    yield from map(check, judged)
