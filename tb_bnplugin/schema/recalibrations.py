"""The JSON document of a recalibration: what the model did before and after it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from tb_bnplugin.schema.facts_json import encode_document, parse_document


@dataclass(frozen=True, kw_only=True)
class ScoreFacts:
    """How well the model did on the held batches; None: not known."""

    loss: float | None = None
    accuracy: float | None = None
    distance: float | None = None  # of the outputs from those with batch statistics


@dataclass(frozen=True, kw_only=True)
class MovedLayer:
    """One layer: its statistics before against those of the data; None: not finite."""

    path: str
    mean_off: float | None = None  # standard deviations
    variance_factor: float | None = None  # moving variance / variance of the data


@dataclass(frozen=True, kw_only=True)
class LeftLayer:
    """A layer that was left as it is."""

    path: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class RecalibrationFacts:
    """One recalibration of a model."""

    applied: bool  # the model has the new statistics
    reason: str | None  # why not
    batches: int
    rows: int
    passes: int  # over the data
    before: ScoreFacts  # in inference mode
    after: ScoreFacts
    batch: ScoreFacts  # with the statistics of each batch
    moved: int  # layers with new statistics
    layers: tuple[MovedLayer, ...] = ()  # those of them that were furthest off, the furthest first
    kept: int = 0  # layers that were left as they are
    left: tuple[LeftLayer, ...] = ()  # the first of them


def encode_recalibration(facts: RecalibrationFacts) -> bytes:
    """The facts as UTF-8 JSON, the content of a `batch_norm/recalibration` record."""
    return encode_document(dataclasses.asdict(facts))


def parse_recalibration(document: bytes) -> RecalibrationFacts:
    """The facts in a `batch_norm/recalibration` record; raises `FactsError`."""
    return parse_document(RecalibrationFacts, document, "recalibration")
