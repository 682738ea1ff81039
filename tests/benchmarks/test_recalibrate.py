"""The broken models of the benchmark are healed, on both flavours.

All but MobileNetV2, which the demo heals in `tests/demo`.
"""

from __future__ import annotations

import pytest

from benchmarks.recalibrate import BROKEN, ERRORS
from tests.conftest import Flavour


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in BROKEN if not name.startswith("D1")])
@pytest.mark.filterwarnings("ignore:tb_bnplugin. what enters:UserWarning")
def test_recalibration_heals(flavour: Flavour, name: str) -> None:
    broken = BROKEN[name](flavour.keras)
    before = broken.errors()
    result = broken.heal()
    # there the data are scaled otherwise than those that the statistics were made of
    assert (result.warning is not None) == (name == "inputs scaled twice")
    assert result.applied, str(result)
    assert broken.errors() < ERRORS < before - 0.2
    assert result.after.accuracy > result.before.accuracy + 0.2
    assert result.gap_after < 0.2 * result.gap_before
