"""The kind of a scalar by its name: standard scalars and the metrics of a probe alike."""

from __future__ import annotations

import re
from typing import Final, Literal

Kind = Literal["loss", "accuracy", "other"]

_LOSS: Final = re.compile(
    r"(?:loss|losses|(?:^|[^a-z])(?:mse|mae|rmse))(?:[^a-z]|$)", re.IGNORECASE
)
_ACCURACY: Final = re.compile(r"acc(?:uracy)?(?:[^a-z]|$)", re.IGNORECASE)


def kind_of(name: str) -> Kind:
    """The kind that a tag or the name of a metric belongs to: which chart shows it."""
    if _LOSS.search(name):
        return "loss"
    return "accuracy" if _ACCURACY.search(name) else "other"
