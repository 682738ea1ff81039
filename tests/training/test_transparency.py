"""Watching changes nothing: bit-equal after 12 steps, recorded at every one of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Flavour

SUPPORT = Path(__file__).resolve().parents[1] / "support"


def run(program: str, flavour: Flavour) -> Any:
    """The JSON that a program prints in its last line."""
    done = subprocess.run(
        [sys.executable, str(SUPPORT / program), flavour.keras.__name__],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


# Every way of training, twice: minutes where the machine is busy.
@pytest.mark.timeout(900)
def test_watched_training_is_bit_equal(flavour: Flavour) -> None:
    equal = run("transparency.py", flavour)
    ways = ("jit", "eager", "graph", "mirrored", "loop")
    assert equal == dict.fromkeys(ways, True)


@pytest.mark.timeout(900)
def test_every_kind_of_model_is_bit_equal_with_probe_and_gradient_at_every_step(
    flavour: Flavour,
) -> None:
    equal = run("kinds_of_model.py", flavour)
    assert len(equal) == 10
    alone = {(kind, way): same for kind, ways in equal.items() for way, same in ways.items()}
    other = {at for at, same in alone.items() if same is not True}
    # XLA compiles no step of two replicas on a processor, and draws other random numbers each time
    assert other <= {("mirrored", "jit"), ("seeded dropout", "jit")}, alone
    assert False not in alone.values(), alone
