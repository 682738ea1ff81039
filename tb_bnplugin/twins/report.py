"""The result of a twin: the first divergence, all others, and what could not be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tb_bnplugin.twins import backward, forward
from tb_bnplugin.twins.divergence import STAGES, Divergence
from tb_bnplugin.twins.document import document_of
from tb_bnplugin.twins.observed import Observed
from tb_bnplugin.twins.tolerance import Tolerance

MOST_LINES: Final = 6
"""Differences of one stage that are printed; `divergences` has all."""

_WORDS: Final = {
    "inputs": "what the model is called with",
    "modes": "the mode of each layer",
    "outputs": "what the model makes",
    "loss": "what is differentiated",
    "regularization": "penalties in the loss",
    "gradients": "what the optimizer is handed",
    "optimizer": "what it makes of that",
    "statistics": "moving statistics afterwards",
    "metrics": "loss and metrics as computed",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class TwinReport:
    """How two steps differ, in the order in which data flow.

    Attributes:
        names: of the two steps.
        divergences: all differences beyond rounding, the first one first.
        unseen: for each stage that could not be compared, the reason; under "trace" what cannot be
            known of a function that was traced before.
        notes: what else there is to know.
    """

    names: tuple[str, str]
    divergences: Sequence[Divergence]
    unseen: Mapping[str, str]
    notes: Sequence[str]

    @property
    def first(self) -> Divergence | None:
        """The first divergence; None where there is none."""
        return self.divergences[0] if self.divergences else None

    def same(self) -> bool:
        """True if every stage was compared, and nothing differs beyond rounding."""
        return not self.divergences and not self.unseen

    def to_document(self) -> bytes:
        """The report as `summary.twin` writes it into a log."""
        return document_of(self.names, self.divergences, self.unseen, self.notes, _WORDS)

    def __repr__(self) -> str:
        """The report itself: what a notebook, and a failing assertion, show."""
        return str(self)

    def __str__(self) -> str:
        """The report as text."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{self.names[0]} against {self.names[1]}, one step each on the same batch"
        if self.first is not None:
            yield f"first divergence: {self.first}"
        elif self.unseen:
            yield "no divergence in what could be compared, which is not all"
        else:
            yield "the same, up to rounding"
        yield ""
        reasons: dict[str, str] = {}
        for stage in STAGES:
            told = [each.message for each in self.divergences if each.stage == stage]
            mark = "x" if told else "?" if stage in self.unseen else "="
            yield f"  {mark} {stage:<15} {_WORDS[stage]}"
            for message in told[:MOST_LINES]:
                yield f"      {message}"
            if len(told) > MOST_LINES:
                yield f"      and {len(told) - MOST_LINES} more"
            if stage in self.unseen:
                reason = self.unseen[stage]
                before = reasons.setdefault(reason, stage)
                told_before = before != stage
                yield f"      not compared: {f'as {before}' if told_before else reason}"
        for name, reason in self.unseen.items():
            if name not in STAGES:
                yield f"  ? {reason}"
        if self.notes:
            yield ""
        for note in self.notes:
            yield f"  note: {note}"


def compare(first: Observed, second: Observed, tolerance: Tolerance) -> TwinReport:
    """Compare two steps that were observed."""
    unseen = {**second.unseen, **first.unseen}
    found: dict[str, list[Divergence]] = {}
    one_call = len(first.inputs) == len(second.inputs)
    comparisons: dict[str, Callable[[], Iterable[Divergence]]] = {
        "inputs": lambda: forward.inputs(first, second, tolerance),
        "modes": lambda: forward.modes(first, second),
        "outputs": lambda: forward.outputs(first, second, tolerance) if one_call else (),
        "gradients": lambda: backward.gradients(first, second, tolerance),
        "loss": lambda: (
            forward.loss(first, second, tolerance, same_outputs=not found["outputs"])
            if one_call
            else ()
        ),
        "optimizer": lambda: backward.optimizer(first, second, tolerance),
        "statistics": lambda: backward.statistics(first, second, tolerance),
        "metrics": lambda: backward.metrics(first, second, tolerance),
    }
    for stage, differences in comparisons.items():
        found[stage] = [] if stage in unseen else list(differences())
    if "regularization" not in unseen:
        seen = "gradients" not in unseen and not found["gradients"]
        found["regularization"] = list(
            forward.regularization(first, second, tolerance, same_gradients=seen)
        )
    return TwinReport(
        names=(first.name, second.name),
        divergences=[each for stage in STAGES for each in found.get(stage, ())],
        unseen=unseen,
        notes=list(dict.fromkeys([*first.notes, *second.notes, *_only_one(first, second)])),
    )


def _only_one(first: Observed, second: Observed) -> Iterator[str]:
    pairs = backward.matched(first, second)
    for side, at in ((first, 0), (second, 1)):
        alone = [name for name in side.metrics if name not in {pair[at] for pair in pairs}]
        if alone:
            yield f"only {side.name} computes {', '.join(alone)}"
