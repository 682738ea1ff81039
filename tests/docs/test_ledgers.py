"""docs/ledgers.md shows what its programs print, and what they print is true."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import ledgers
import pytest

from tb_bnplugin.cli import main
from tests.conftest import Flavour

pytestmark = pytest.mark.slow

TEXT = ledgers.DOCUMENT.read_text(encoding="utf-8")
SHOWN = ledgers.documented(TEXT)

# Steps, calls a step and batches of evaluation, counted by hand from the programs.
TRUTH: Mapping[str, Mapping[str, Mapping[str, int]]] = {
    "gan": {
        "generator": {"training_tape": 40, "inference_no_tape": 2},
        "discriminator": {"training_tape": 40 * 2},
    },
    "siamese": {"siamese": {"training_tape": 2 * 20 * 2, "inference_evaluate": 2 * 2 * 2}},
    "mean_teacher": {
        "student": {"training_tape": 40},
        "teacher": {"inference_no_tape": 40, "inference_evaluate": 1},
    },
    "gradient_accumulation": {"accumulating": {"training_tape": 25 * 4, "inference_evaluate": 1}},
    "transfer_learning": {
        "transferred": {
            "inference_tape": 5 * 4,  # frozen
            "training_tape": 5 * 4,  # on Keras 3, which does not do as the graph asks
            "inference_predict": 2,
        }
    },
    "mixed_precision": {
        "mixed": {"training_tape": 2 * 20, "inference_evaluate": 2 * 2, "inference_predict": 5}
    },
}
TRUTH_TF_KERAS: Mapping[str, Mapping[str, Mapping[str, int]]] = {
    **TRUTH,
    "transfer_learning": {"transferred": {"inference_tape": 10 * 4, "inference_predict": 2}},
}
WITH_VALUE = {"keras3": ("keras", TRUTH), "tf_keras": ("tf_keras", TRUTH_TF_KERAS)}


def executions(printed: str) -> dict[str, dict[str, int]]:
    """What ran, by model and by mode and context, as a printed ledger says it."""
    ran: dict[str, dict[str, int]] = {}
    for ledger in printed.strip().split("\n\n"):
        (model,) = re.findall(r"^model (\w+) ", ledger)
        (line,) = re.findall(r"^    ran: (.*)$", ledger, re.MULTILINE)
        ran[model] = {}
        for part in line.split("; "):
            mode, _, counts = part.partition(" ")
            for count in counts.split(", "):
                context, _, number = count.rpartition(" ")
                ran[model][f"{mode}_{context.replace(' ', '_')}"] = int(number)
    return ran


def serious(watches: Any) -> set[str]:
    """Codes of the errors and warnings in any of the watched models."""
    found = [finding for watch in watches for finding in watch.findings()]
    return {finding.code for finding in found if finding.severity != "info"}


@pytest.fixture(params=ledgers.program_names())
def program(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_ledger_is_true_and_documented(program: str, flavour: Flavour, tensorflow: Any) -> None:
    module, truth = WITH_VALUE[flavour.name]
    with ledgers.run(program, module) as (printed, names):
        found = serious(names["watches"])
    assert executions(printed) == truth[program]
    shared = SHOWN[program, "keras"].replace("(keras,", f"({module},")
    assert printed == SHOWN.get((program, module), shared)
    overridden = program == "transfer_learning" and flavour.name == "keras3"
    assert found == ({"BN103"} if overridden else set())


def test_program_is_documented_as_it_stands(program: str) -> None:
    assert ledgers.documented_programs(TEXT)[program] == ledgers.program(program)


def test_nothing_else_is_documented() -> None:
    documented = {*ledgers.documented_programs(TEXT), *(name for name, _ in SHOWN)}
    assert documented == set(ledgers.program_names()) == set(TRUTH)


def test_the_log_has_the_same_ledger(
    flavour: Flavour, tensorflow: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with ledgers.run("gan", WITH_VALUE[flavour.name][0]) as (printed, _):
        status = main(["ledger", "logs"])
    assert status == 0
    in_the_log = ledgers.without_version(capsys.readouterr().out)
    assert in_the_log.replace("run gan, ", "") == printed
