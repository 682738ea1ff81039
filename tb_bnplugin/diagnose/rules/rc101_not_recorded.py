"""The rules lack what they need, so that no finding does not mean that all is well.

What it sees:
    A recording that failed, that never began, or in which no call of a layer could be counted.

Why it matters:
    Rules that have nothing to judge are silent. A check without findings then looks like a healthy
    program, and is none.

How it decides:
    The recording was switched off by an exception; or weights were trained, and no execution of any
    batch normalization layer was counted, since the training function was made before the model
    was watched; or the callback has seen no training.

What to do:
    Give the callback to the first `fit`, or compile again before the next:

        model.compile("adam", "mse")
        model.fit(x, y, callbacks=[tb_bnplugin.BatchNormCallback("logs")])

    Watch a model before its first step:

        watch = tb_bnplugin.watch(model)

When it is fine:
    If you only want the moving statistics, which are recorded all the same.

References:
    https://www.tensorflow.org/guide/function#rules_of_tracing
"""

from __future__ import annotations

from typing import Final

from tb_bnplugin.diagnose.evidence.training import trained_uncounted
from tb_bnplugin.diagnose.needs import COUNTED, by_fit
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory

RULE: Final = Rule(code="RC101", name="not-recorded", severity="warning")

PARTS: Final = ("recording", "writing", "counting")
"""Parts of the recording without which most rules have nothing to judge."""


def check(history: ModelHistory) -> Outcome:
    """Look for what the other rules lack."""
    failed = [off for off in history.facts.switched_off if off.part in PARTS]
    last = int(history.steps[-1]) if len(history.steps) else 0
    if failed:
        return stopped(failed[0].reason, steps=(last, last))
    if not history.facts.layers or not len(history.steps):
        return RULE.ok("Nothing that was asked for failed.")
    if trained_uncounted(history):
        return RULE.finding(
            message=COUNTED.reason(history),
            fix=(
                "Call `model.compile(...)` again before this `fit`, or give the callback to the"
                " first `fit` of the model."
                if by_fit(history)
                else "Call `tb_bnplugin.watch(model)` before the first step, or make the"
                " `tf.function` again after it: `train_step = tf.function(step)`."
            ),
            evidence={"records": len(history.steps), "executions_counted": 0},
            steps=(int(history.steps[0]), last),
        )
    return RULE.ok("The training was recorded.")


def stopped(reason: str, steps: tuple[int, int] | None = None) -> Outcome:
    """The finding where an exception ended the recording."""
    return RULE.finding(
        message=f"The recording stopped ({reason}); what came after it was not judged.",
        fix="Repair what the exception names, or report a bug of tb_bnplugin; then train again.",
        evidence={"reason": reason},
        steps=steps,
    )


def never_began() -> Outcome:
    """The finding where a callback has seen no training."""
    return RULE.finding(
        message="The callback has seen no training, so nothing was recorded.",
        fix="Give it to `fit`: `model.fit(..., callbacks=[callback])`.",
        evidence={"records": 0},
    )
