"""Telling findings while a model trains: each once, in one line, as soon as it is found."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Final

from tb_bnplugin.diagnose import RULES, Outcome
from tb_bnplugin.training.live import LiveHistory

OnFinding = str | Callable[[Outcome], None]

TOLD: Final = ("error", "warning")
"""Severities that are told; an info waits for who asks."""

TRANSIENT: Final = frozenset(rule.RULE.code for rule in RULES if rule.RULE.transient)
"""Codes of what ends by itself, and so is no news while the training goes on."""

CHECK_GROWTH: Final = 1.1
"""The rules run again when the step has grown by this factor."""

EARLY_GROWTH: Final = 1.3
"""... or this one in the first steps, where the rules take as long as a step of a small model:
tf_keras warns of slow callbacks when it has seen six."""

EARLY_STEPS: Final = 50

WATCHFUL_RECORDS: Final = 6
"""After something new was recorded (a trace, a rare event) they run at each of so many records:
most rules want to see it twice."""


def check_on_finding(on_finding: OnFinding, choices: Sequence[str]) -> OnFinding:
    """The argument; raises ValueError where it is neither a choice nor a callable."""
    if callable(on_finding) or on_finding in choices:
        return on_finding
    names = ", ".join(f'"{choice}"' for choice in choices)
    raise ValueError(
        f"on_finding must be {names} or a callable that takes a finding; received {on_finding!r}"
    )


class Notifier:
    """Looks for findings in what was recorded so far, and tells the new ones."""

    def __init__(self, on_finding: OnFinding, live: LiveHistory) -> None:
        self._on_finding = on_finding
        self._live = live
        # Who else watches the model prints from the same history; a callable is told for itself.
        self._told: set[tuple[str, str]] = set() if callable(on_finding) else live.told

    def tell(self, *, ended: bool = False) -> bool:
        """Tells what was not told before; says whether training is to stop for it.

        What a callable of the user's raises is raised here.

        Args:
            ended: whether the training is over, and what would have ended by itself stays.
        """
        if self._on_finding == "ignore":
            return False
        stop = False
        for outcome in self._findings():
            key = (outcome.code, outcome.model)
            if outcome.expected or outcome.severity not in TOLD or key in self._told:
                continue
            if outcome.code in TRANSIENT and not ended:
                continue
            self._told.add(key)
            if callable(self._on_finding):
                self._on_finding(outcome)
                continue
            stops = self._on_finding == "stop" and outcome.severity == "error"
            print(  # noqa: T201  # what `on_finding` promises
                line(outcome) + (" Training stops here." if stops else ""),
                file=sys.stderr,
                flush=True,
            )
            stop = stop or stops
        return stop

    def _findings(self) -> Sequence[Outcome]:
        try:
            return self._live.findings()
        except Exception as error:  # noqa: BLE001  # whatever it is, the training goes on
            self._on_finding = "ignore"
            warnings.warn(
                "tb_bnplugin tells no more findings while this trains; what is recorded can be"
                f" checked afterwards (tb-bnplugin check): {type(error).__name__}: {error}",
                RuntimeWarning,
                stacklevel=4,
            )
            return ()


_NOTHING_YET: Final = object()


class Alertness:
    """When the rules are to run on records just made: seldom, and at once after news."""

    def __init__(self) -> None:
        self._next = 2
        self._news: object = _NOTHING_YET
        self._watchful = 0

    def is_due(self, step: int, news: object) -> bool:
        """Whether to look for findings now.

        Args:
            step: of the record that was made.
            news: anything that differs from the time before when something new was recorded.
        """
        if news != self._news:
            self._watchful = 0 if self._news is _NOTHING_YET else WATCHFUL_RECORDS
            self._news = news
        if self._watchful > 0:
            self._watchful -= 1
        elif step < self._next:
            return False
        growth = EARLY_GROWTH if step < EARLY_STEPS else CHECK_GROWTH
        self._next = max(step + 1, int(step * growth))
        return True


def line(outcome: Outcome) -> str:
    """A finding in one line: what, where, since when, why, and what to do."""
    where = []
    if len(outcome.layers) == 1:
        where.append(f"layer {outcome.layers[0]}")
    elif outcome.layers:
        where.append(f"{len(outcome.layers)} layers")
    if outcome.steps is not None:
        where.append(f"since step {outcome.steps[0]}")
    place = f" ({', '.join(where)})" if where else ""
    text = (
        f"tb_bnplugin: {outcome.severity} {outcome.code} {outcome.name} in"
        f" {outcome.model!r}{place}: {outcome.message} Fix: {outcome.fix}"
    )
    return " ".join(text.split())
