"""Watching changes nothing: bit-equal after 20 steps, recorded at every one of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Flavour

PROGRAM = Path(__file__).resolve().parents[1] / "support" / "transparency.py"


# Every way of training, three times: minutes where the machine is busy.
@pytest.mark.timeout(900)
def test_watched_training_is_bit_equal(flavour: Flavour) -> None:
    package = flavour.keras.__name__
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(PROGRAM), package],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    equal = json.loads(done.stdout.splitlines()[-1])
    ways = ("jit", "eager", "graph", "mirrored", "loop")
    unwatched = {way: equal[way][0] for way in ways}
    watched = {way: equal[way][1] for way in ways}
    assert unwatched == dict.fromkeys(ways, True)  # else the comparison would say nothing
    assert watched == dict.fromkeys(ways, True)
