"""The outcomes of a rule for each loss that is known to be the differentiated one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tb_bnplugin.diagnose.evidence.gradients import is_compiled_loss, is_known_to_train
from tb_bnplugin.diagnose.evidence.layers import newest
from tb_bnplugin.diagnose.needs import LOSS_IN_THE_STEP, LOSSES, find_missing
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import KERAS_LOSSES, LossHistory, ModelHistory


def differentiates_the_mean(history: ModelHistory) -> bool:
    """True of a `train_step` of which no loss was measured, but the gradient, with the factor 1.

    Of losses of Keras' own, since a function of the program's may sum by itself; and of several
    rows, since a vector of one is its own mean.
    """
    several = float(newest(history.model("batch_frequent"))) > 1.0
    compiled = history.compiled_losses
    keras = {name.partition("(")[0] for name in KERAS_LOSSES}
    of_keras = bool(compiled) and all(loss.loss_class in keras for loss in compiled)
    return not history.losses and several and of_keras and is_compiled_loss(history)


def check_differentiated(
    rule: Rule,
    history: ModelHistory,
    check: Callable[[LossHistory], Outcome],
    by_gradient: Callable[[Rule, ModelHistory], Outcome | None] | None = None,
) -> Iterator[Outcome]:
    """One outcome for each loss that trains the model, as far as it is known.

    A `train_step` of the user's own may differentiate anything: there the compiled loss, measured
    on probe data, says nothing, and only a loss that the step hands over is checked.

    Args:
        rule: whose outcomes these are.
        history: of the model.
        check: the outcome of a loss.
        by_gradient: where no loss is known to train, the outcome by the measured gradient; None
            where that does not tell. A rule with it does not ask for losses before.
    """
    judged = [loss for loss in history.losses if is_known_to_train(history, loss)]
    told = None if judged or by_gradient is None else by_gradient(rule, history)
    missing = find_missing(history, (LOSSES,)) if by_gradient is not None else None
    if told is not None:
        yield told
    elif missing is not None:
        yield rule.not_checked(missing)
    elif history.losses and not judged:
        yield rule.not_checked(
            "The model has its own `train_step`, which may differentiate another loss than the"
            f" compiled one. In the step, {LOSS_IN_THE_STEP}."
        )
    yield from map(check, judged)
