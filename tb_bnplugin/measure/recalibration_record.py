"""The result of a recalibration as a log holds it."""

from __future__ import annotations

import math
from typing import Final

from tb_bnplugin.measure.recalibration import Recalibration, Score
from tb_bnplugin.schema.recalibrations import (
    LeftLayer,
    MovedLayer,
    RecalibrationFacts,
    ScoreFacts,
    encode_recalibration,
)

NAMED_LAYERS: Final = 50
"""Of those that were furthest off, and of those that were left."""


def encode_result(result: Recalibration) -> bytes:
    """The document of a result, with the layers that were furthest off."""
    most = sorted(result.layers, key=lambda layer: -layer.change)[:NAMED_LAYERS]
    left = list(result.left.items())[:NAMED_LAYERS]
    return encode_recalibration(
        RecalibrationFacts(
            applied=result.applied,
            reason=result.reason,
            batches=result.batches,
            rows=result.rows,
            passes=result.passes,
            before=_score(result.before),
            after=_score(result.after),
            batch=_score(result.batch),
            moved=len(result.layers),
            layers=tuple(
                MovedLayer(
                    path=layer.path,
                    mean_off=_finite(layer.mean_off),
                    variance_factor=_finite(layer.variance_factor),
                )
                for layer in most
            ),
            kept=len(result.left),
            left=tuple(LeftLayer(path=path, reason=reason) for path, reason in left),
        )
    )


def _score(score: Score) -> ScoreFacts:
    return ScoreFacts(
        loss=_finite(score.loss), accuracy=_finite(score.accuracy), distance=_finite(score.distance)
    )


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
