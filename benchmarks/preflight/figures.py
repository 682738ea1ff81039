"""The group "preflight" of `make bench`: a sample of programs, as figures beside their limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from benchmarks.figures import Figure
from benchmarks.findings.results import FLAVOURS
from benchmarks.findings.runner import flavours_of, programs, run_apart

SAMPLE: Final = (
    *("loop_without_training", "train_step_without_training", "frozen_after_fit"),
    *("labels_broadcast_in_loop", "vector_loss_in_tape", "softmax_twice_in_a_loop"),
    *("regularized_loop", "fit_convnet", "adversarial_training", "average_over_accumulated"),
    *("gradient_accumulation", "dcgan_loop", "adaptive_batch_norm"),
)
"""Faults of modes, `trainable` and losses that are there before any training; healthy programs in
`fit` and in loops, with what a few steps could be taken wrongly for."""

Answer = Mapping[str, Any]
"""What `benchmarks.preflight.run_program` gives, as JSON values."""


def run(names: Sequence[str] = SAMPLE) -> Iterator[Figure]:
    """The figures of both flavours over some programs."""
    for flavour in FLAVOURS:
        chosen = [each for each in programs(names) if flavour in flavours_of(each)]
        yield from figures_of([look(each, flavour) for each in chosen], flavour)


def look(program: str, flavour: str) -> Answer:
    """What preflight says of one program, in a process of its own."""
    answer, error = run_apart("benchmarks.preflight.run_program", program, flavour)
    return answer or {"program": program, "flavour": flavour, "error": error}


def figures_of(answers: Sequence[Answer], flavour: str) -> Iterator[Figure]:
    """Programs that were not looked at, faults that were not named, and false alarms."""
    unseen = [each["program"] for each in answers if not each.get("reports")]
    seen = [each for each in answers if each.get("reports")]
    faulty = [each for each in seen if each["expected"]]
    missed = [each["program"] for each in faulty if not named(each)]
    alarms = [each["program"] for each in seen if not each["expected"] and alarmed(each)]
    for name, programs_of, of in (
        ("programs not looked at", unseen, len(answers)),
        ("faults not named before training", missed, len(faulty)),
        ("false alarms before training", alarms, len(seen) - len(faulty)),
    ):
        note = ", ".join(programs_of) or f"of {of} programs"
        yield Figure(name=f"{flavour}: {name}", value=len(programs_of), limit=0, unit="", note=note)


def named(answer: Answer) -> bool:
    """True where a code that the program expects is among the findings, or what it refers to.

    A rule that finds its fault told by another one says "see CODE", as BN108 of layers whose inputs
    differ.
    """
    codes = {found.split()[0] for found in answer["found"]}
    return bool(codes & {*answer["expected"], *answer.get("instead", ())})


def alarmed(answer: Answer) -> bool:
    """True where there is an error or a warning."""
    return any(not found.endswith(" info") for found in answer["found"])
