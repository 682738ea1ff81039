"""The JSON document of a twin: how two steps differ, in the order in which data flow."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from tb_bnplugin.schema.facts_json import encode_document, parse_document


@dataclass(frozen=True, kw_only=True)
class TwinDifference:
    """One difference beyond rounding."""

    stage: str
    subject: str  # a layer, a weight, a metric; empty for the whole
    message: str


@dataclass(frozen=True, kw_only=True)
class TwinStage:
    """One stage of a step: what it is, and whether it was compared."""

    stage: str
    content: str  # in words
    found: int  # differences
    unseen: str | None = None  # why it could not be compared


@dataclass(frozen=True, kw_only=True)
class TwinFacts:
    """A twin of two steps."""

    first: str  # names of the two steps
    second: str
    stages: tuple[TwinStage, ...]  # in the order in which data flow
    differences: tuple[TwinDifference, ...] = ()  # the first of each stage
    notes: tuple[str, ...] = ()


def encode_twin(facts: TwinFacts) -> bytes:
    """The facts as UTF-8 JSON, the content of a `batch_norm/twin` record."""
    return encode_document(dataclasses.asdict(facts))


def parse_twin(document: bytes) -> TwinFacts:
    """The facts in a `batch_norm/twin` record; raises `FactsError`."""
    return parse_document(TwinFacts, document, "twin")
