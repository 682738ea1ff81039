"""Watching changes nothing: bit-equal after 12 steps, recorded at every one of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Flavour
from tests.support.forked import start


def run(program: str, flavour: Flavour, folder: Path) -> Any:
    """The JSON that a program prints in its last line."""
    output = folder / "printed"
    ended = start(program, flavour.keras.__name__, output=output, folder=ROOT)
    assert ended.ended()
    assert ended.status == 0, ended.printed()[-4000:]
    return json.loads(ended.printed().splitlines()[-1])


# Every way of training, twice: minutes where the machine is busy.
@pytest.mark.timeout(900)
def test_watched_training_is_bit_equal(flavour: Flavour, tmp_path: Path) -> None:
    equal = run("tests.support.transparency", flavour, tmp_path)
    ways = ("jit", "eager", "graph", "mirrored", "loop")
    assert equal == dict.fromkeys(ways, True)


@pytest.mark.timeout(900)
def test_every_kind_of_model_is_bit_equal_with_probe_and_gradient_at_every_step(
    flavour: Flavour, tmp_path: Path
) -> None:
    equal = run("tests.support.kinds_of_model", flavour, tmp_path)
    assert len(equal) == 10
    alone = {(kind, way): same for kind, ways in equal.items() for way, same in ways.items()}
    other = {at for at, same in alone.items() if same is not True}
    # XLA compiles no step of two replicas on a processor, and draws other random numbers each time
    assert other <= {("mirrored", "jit"), ("seeded dropout", "jit")}, alone
    assert False not in alone.values(), alone
