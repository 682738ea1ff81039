"""Telling findings while a model trains: each once, as soon as it is found; sums of a training."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from tb_bnplugin.diagnose import RULES, Outcome
from tb_bnplugin.guard import warn
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.training.console import Console
from tb_bnplugin.training.rule_schedule import LoopStart, RuleSchedule
from tb_bnplugin.training.told import (
    MORE,
    ended_line,
    finding_lines,
    has_trained,
    over_line,
    watched_line,
)

OnFinding = str | Callable[[Outcome], None]

TOLD: Final = ("error", "warning")
"""Severities that are told; an info waits for who asks."""

TRANSIENT: Final = frozenset(rule.RULE.code for rule in RULES if rule.RULE.transient)
"""Codes of what ends by itself, and so is not told while the training goes on."""

TOLD_AT_END: Final = frozenset(rule.RULE.code for rule in RULES if rule.RULE.told_at_end)
"""Codes of which an info is told, too, where training ends in it: it explains bad validation."""

_LEVELS: Final = {"error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO}

NAMES: Final = {rule.RULE.code: rule.RULE.name for rule in RULES}


class Source(Protocol):
    """Who has the records that the rules are asked about."""

    @property
    def name(self) -> str:
        """Name of the model."""

    @property
    def told(self) -> set[tuple[str, str]]:
        """Code and model of each finding that was printed."""

    def findings_now(self) -> Sequence[Outcome]:
        """The findings in the records made so far."""

    def outcomes(self) -> Sequence[Outcome]:
        """The outcomes of all rules, when all records are made."""

    def history_now(self) -> ModelHistory:
        """The records made so far, decoded."""


def check_on_finding(on_finding: OnFinding, choices: Sequence[str]) -> OnFinding:
    """The argument; raises ValueError where it is neither a choice nor a callable."""
    if callable(on_finding) or on_finding in choices:
        return on_finding
    names = ", ".join(f'"{choice}"' for choice in choices)
    raise ValueError(
        f"on_finding must be {names} or a callable that takes a finding; received {on_finding!r}"
    )


class Notifier:
    """Looks for findings in what was recorded so far, and tells the new ones.

    Prints where the records are made. What concerns the training, a callable of the user's and
    the wish to stop, waits until the thread that trains asks for it with `deliver`.
    """

    def __init__(self, on_finding: OnFinding, source: Source) -> None:
        self._on_finding = on_finding
        self._source = source
        self._own_told: set[tuple[str, str]] = set()
        self._due = RuleSchedule()
        self._waiting: deque[Outcome] = deque()
        self._stop = False
        self._failed = False  # the rules, once
        self._pointed = False  # to where more is said
        self._starts = False  # a training began whose modes were not told yet
        self._loop: LoopStart | None = None  # None: `fit` trains
        self.console = Console()

    @property
    def concerns_training(self) -> bool:
        """A finding may call the user's code or stop the training, and so must not come late."""
        return callable(self._on_finding) or self._on_finding == "stop"

    def begin(self) -> None:
        """A training begins: its modes are told when its first record is made."""
        self._starts = self._sums()

    def begin_loop(self, in_fit: Callable[[], bool]) -> None:
        """A loop of the program's own begins: the same, at the first record that has trained.

        Args:
            in_fit: whether `fit` makes the steps now, with a callback that tells its own sums.
        """
        self._loop = LoopStart(in_fit)
        self.console.sums = True
        self.begin()

    def conclude(self) -> None:
        """Tell in one line what was found in a training that ended; of a loop, if it trained."""
        loop = self._loop is not None
        if self._sums() and not self._failed and not (loop and self._starts):
            try:
                name = self._source.name if loop else None
                self.console.say(logging.INFO, ended_line(self._own_outcomes(), name))
            except Exception as error:  # noqa: BLE001  # whatever it is, the training goes on
                self._fail(error)

    def _own_outcomes(self) -> list[Outcome]:
        """All outcomes but the findings that another model tells of the same layers."""
        own = {(each.code, each.layers) for each in self._source.findings_now()}
        return [
            each
            for each in self._source.outcomes()
            if each.status != "finding" or (each.code, each.layers) in own
        ]

    def look(self, step: int, signature: object) -> None:
        """Take note of a record that was made, and look for findings where it is time."""
        due = self._on_finding != "ignore" and self._due.is_due(step, signature)
        if self._starts and (self._loop is None or self._loop.is_time(due=due)):
            try:
                self._tell_modes()
            except Exception as error:  # noqa: BLE001  # whatever it is, the training goes on
                self._starts = False
                self._fail(error)
        if due:
            self.search()

    def _tell_modes(self) -> None:
        history = self._source.history_now()
        if self._loop is None or has_trained(history):
            self._starts = False
            self.console.say(logging.INFO, watched_line(history))

    def search(self, *, ended: bool = False) -> None:
        """Look for findings, and print or keep those that were not told before.

        Args:
            ended: the training is over, and what would have ended by itself stays.
        """
        if self._on_finding == "ignore":
            return
        # Who else watches the model prints for the same user; a callable is told for itself.
        told = self._own_told if callable(self._on_finding) else self._source.told
        findings = self._findings()
        if ended and not callable(self._on_finding):
            self._tell_what_is_over(findings, told)
        for outcome in findings:
            key = (outcome.code, outcome.model)
            worth = outcome.severity in TOLD or (ended and outcome.code in TOLD_AT_END)
            if outcome.expected or not worth or key in told:
                continue
            if outcome.code in TRANSIENT and not ended:
                continue
            told.add(key)
            if callable(self._on_finding):
                self._waiting.append(outcome)
                continue
            stops = self._on_finding == "stop" and outcome.severity == "error"
            self._tell(outcome, stops=stops)
            self._stop = self._stop or stops

    def _tell_what_is_over(self, findings: Sequence[Outcome], told: set[tuple[str, str]]) -> None:
        """Take back what was told and is no longer so, and will not be found in the log."""
        if self._failed:
            return
        over = told - {(outcome.code, outcome.model) for outcome in findings}
        for code, model in sorted(over):
            told.discard((code, model))
            self.console.say(logging.WARNING, over_line(code, NAMES.get(code, ""), model))

    def _tell(self, outcome: Outcome, *, stops: bool) -> None:
        lines = [finding_lines(outcome, stops=stops)]
        if not self._pointed:
            lines.append(MORE)
            self._pointed = True
        self.console.say(_LEVELS[outcome.severity], "\n".join(lines))

    def deliver(self) -> bool:
        """Call the user's callable with what waits; return True where training is to stop.

        Raises:
            Exception: whatever the user's callable raises.
        """
        while self._waiting and callable(self._on_finding):
            self._on_finding(self._waiting.popleft())
        stop, self._stop = self._stop, False
        return stop

    def _findings(self) -> Sequence[Outcome]:
        try:
            return self._source.findings_now()
        except Exception as error:  # noqa: BLE001  # whatever it is, the training goes on
            self._fail(error)
            return ()

    def _sums(self) -> bool:
        """Return True where sums are wanted, and shown."""
        wanted = self.console.sums and self._on_finding in ("warn", "stop")
        return wanted and self.console.shows(logging.INFO)

    def _fail(self, error: Exception) -> None:
        self._on_finding = "ignore"
        self._failed = True
        warn("findings", error, self._source.name)
