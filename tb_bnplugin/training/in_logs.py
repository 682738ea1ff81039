"""The numbers of findings, as values for the `logs` of an epoch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from tb_bnplugin.diagnose import Outcome

ERRORS: Final = "batch_norm_errors"
WARNINGS: Final = "batch_norm_warnings"


def found_so_far(outcomes: Iterable[Outcome]) -> dict[str, float]:
    """How many errors and warnings there are, those left out that are expected.

    Floats, as all that Keras puts into `logs`.
    """
    severities = Counter(
        each.severity
        for each in outcomes
        if each.status == "finding" and not each.expected and not each.fact
    )
    return {ERRORS: float(severities["error"]), WARNINGS: float(severities["warning"])}
