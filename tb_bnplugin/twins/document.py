"""The report of a twin as a log holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tb_bnplugin.schema.twin_reports import TwinDifference, TwinFacts, TwinStage, encode_twin
from tb_bnplugin.twins.divergence import STAGES, Divergence

NAMED_DIFFERENCES: Final = 10
"""Of each stage: each weight behind a wrong one differs too."""


def document_of(
    names: tuple[str, str],
    divergences: Sequence[Divergence],
    unseen: Mapping[str, str],
    notes: Sequence[str],
    words: Mapping[str, str],
) -> bytes:
    """The document of a report; arguments are its parts, and the words of each stage."""
    found = {stage: [one for one in divergences if one.stage == stage] for stage in STAGES}
    others = [reason for stage, reason in unseen.items() if stage not in STAGES]
    facts = TwinFacts(
        first=names[0],
        second=names[1],
        stages=tuple(
            TwinStage(
                stage=stage,
                content=words[stage],
                found=len(found[stage]),
                unseen=unseen.get(stage),
            )
            for stage in STAGES
        ),
        differences=tuple(
            TwinDifference(stage=each.stage, subject=each.subject, message=each.message)
            for stage in STAGES
            for each in found[stage][:NAMED_DIFFERENCES]
        ),
        notes=(*others, *notes),
    )
    return encode_twin(facts)
