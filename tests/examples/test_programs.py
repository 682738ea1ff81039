"""The programs of the rules' pages do what the pages say, on both flavours."""

from __future__ import annotations

import ast
import gc
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from tb_bnplugin.diagnose import COMPARISONS, RULES
from tb_bnplugin.diagnose.examples import Example, read_examples
from tb_bnplugin.training.recorder import open_recorders
from tests.conftest import Flavour
from tests.support.forked import printed_on_two_devices

MODULES = {"keras3": "keras", "tf_keras": "tf_keras"}
CASES = [
    pytest.param(rule.RULE.code, example, id=f"{rule.RULE.code}-{example.trained_by}")
    for rule in (*RULES, *COMPARISONS)
    for example in read_examples(rule.RULE.code).programs
]


# What Keras 3 says itself where `call` leaves out a layer (BN110) or its output (BN111).
pytestmark = [
    pytest.mark.filterwarnings(r"ignore:`build\(\)` was called on layer:UserWarning"),
    pytest.mark.filterwarnings("ignore:Gradients do not exist for variables:UserWarning"),
]


@pytest.fixture(autouse=True)
def alone(flavour: Flavour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder of its own, one start of the random numbers, and nothing watched but by itself."""
    monkeypatch.chdir(tmp_path)
    for watch in open_recorders():
        watch.close()
    flavour.keras.utils.set_random_seed(0)
    yield
    for watch in open_recorders():
        watch.close()
    flavour.keras.backend.clear_session()  # collects garbage
    gc.freeze()  # and need not look at what is left in each of 300 programs


def codes_of(program: str, flavour: Flavour, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """The codes that a program prints in its last line."""
    keras = f"import {MODULES[flavour.name]} as keras\n"
    file = Path("example.py")  # AutoGraph reads the source of functions
    file.write_text(program.replace("import keras\n", keras, 1), "utf-8")
    if "MirroredStrategy" in program:
        printed = printed_on_two_devices(file)
    else:
        runpy.run_path(str(file), run_name="__main__")
        printed = capsys.readouterr().out
    return set(cast(list[str], ast.literal_eval(printed.splitlines()[-1])))


@pytest.mark.parametrize(("code", "example"), CASES)
def test_faulty_program_has_the_fault_where_its_page_says(
    code: str, example: Example, flavour: Flavour, capsys: pytest.CaptureFixture[str]
) -> None:
    found = codes_of(example.faulty, flavour, capsys)
    assert (code in found) == (MODULES[flavour.name] in example.keras)


@pytest.mark.parametrize(("code", "example"), CASES)
def test_cured_program_does_not_have_it(
    code: str, example: Example, flavour: Flavour, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code not in codes_of(example.cured, flavour, capsys)
