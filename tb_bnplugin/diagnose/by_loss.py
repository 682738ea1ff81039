"""The outcomes of a rule for each loss that is known to be the differentiated one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tb_bnplugin.diagnose.evidence.gradients import is_compiled_loss
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
    judged = [loss for loss in history.losses if not _is_compiled_only(history, loss)]
    if history.losses and not judged:
        yield rule.not_checked(
            "The model has its own `train_step`, which may differentiate another loss than the"
            f" compiled one. In the step, {LOSS_IN_THE_STEP}."
        )
    yield from map(check, judged)


def _is_compiled_only(history: ModelHistory, loss: LossHistory) -> bool:
    facts = history.facts
    own_step = facts.trained_by == "fit" and facts.code.own_train_step is not False
    compiled = loss.facts is not None and loss.facts.taken_from == "probe_data"
    return own_step and compiled and not is_compiled_loss(history)
