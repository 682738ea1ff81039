from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tb_bnplugin.cli import main
from tb_bnplugin.cli.doctor_text import doctor_text
from tb_bnplugin.cli.style import Style
from tb_bnplugin.doctor import Environment, Examination, Fact, Report
from tb_bnplugin.doctor import report as report_of_installed
from tb_bnplugin.doctor.environment import environment, problems
from tests.conftest import ROOT

PLAIN = Style(colour=False, width=100)


def run_doctor(*arguments: str, program: str = "") -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, since it starts TensorFlow its own way."""
    run = f"{program}\nfrom tb_bnplugin.cli import main\nsys.exit(main({['doctor', *arguments]!r}))"
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"import sys\n{run}"],
        cwd=ROOT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_json_holds_the_facts_of_both_flavours() -> None:
    done = run_doctor("--format", "json")
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert [part["keras"].split()[0] for part in printed["keras"]] == ["keras", "tf_keras"]
    for part in printed["keras"]:
        values = {fact["name"]: fact["value"] for fact in part["facts"]}
        assert values["bare_call_in_tape_trains"] is False
        assert None not in values.values()
    assert printed["environment"]["versions"]["tensorflow"]


def test_without_tensorflow_it_says_so() -> None:
    # None in sys.modules makes the import of that name fail, as if it were broken.
    done = run_doctor(program="sys.modules['tensorflow'] = None")
    assert done.returncode == 2
    assert done.stderr.startswith("tb-bnplugin: TensorFlow cannot be imported")
    assert done.stdout == ""


def test_without_the_keras_that_is_asked_for_it_says_so() -> None:
    done = run_doctor("--keras", "tf_keras", program="sys.modules['tf_keras'] = None")
    assert done.returncode == 2
    assert "tf_keras cannot be imported" in done.stderr
    assert "pip install tf_keras" in done.stderr


def test_tensorflow_that_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tb_bnplugin.doctor.checkup.installed", lambda name: None)
    assert main(["doctor"]) == 2
    error = capsys.readouterr().err
    assert error == 'tb-bnplugin: TensorFlow is not installed: pip install "tensorflow>=2.16"\n'


def fact(value: Any, *, reason: str | None = None) -> Fact:
    consequence = None if reason else "Then this follows."
    return Fact(
        topic="Training mode",
        name="some_name",
        asks="Does it?",
        value=value,
        consequence=consequence,
        reason=reason,
    )


def text_of(*facts: Fact, problem: str | None = None) -> str:
    found = Environment(versions={"keras": "3.1.0", "numpy": None}, problems=(problem or "",)[:1])
    if problem is None:
        found = Environment(versions=found.versions, problems=())
    names = ("keras 3.1.0", "tf_keras 2.16.0")
    examinations = tuple(
        Examination(keras=name, facts=(each,)) for name, each in zip(names, facts, strict=False)
    )
    return doctor_text(Report(environment=found, examinations=examinations), PLAIN)


@pytest.mark.parametrize(
    ("value", "shown"), [(True, "yes"), (False, "no"), (3.0, "3"), ("float32", "float32")]
)
def test_values_are_shown_in_words(value: Any, shown: str) -> None:
    assert f"    keras 3.1.0  {shown:<11}  Then this follows." in text_of(fact(value))


def test_both_flavours_stand_under_one_question() -> None:
    printed = text_of(fact(True), fact(False))
    assert printed.count("Does it?") == 1
    assert "    keras 3.1.0      yes" in printed
    assert "    tf_keras 2.16.0  no" in printed


def test_what_was_not_measured_says_why() -> None:
    printed = text_of(fact(None, reason="ValueError: no such layer"))
    assert "not measured ValueError: no such layer" in printed


def test_versions_and_problems_are_listed() -> None:
    printed = text_of(fact(True), problem="It does not fit: pip install it")
    assert "keras 3.1.0, numpy not installed" in printed
    assert "problem: It does not fit: pip install it" in printed


@pytest.mark.parametrize(
    ("tensorboard", "setuptools", "told"),
    [
        ("2.20.0", "82.0.0", True),
        ("2.20.0", "81.9.9", False),
        ("2.21.0", "82.0.0", False),
        ("2.16.2", None, True),
        (None, "84.0.0", False),
    ],
)
def test_old_tensorboard_with_new_setuptools(
    tensorboard: str | None, setuptools: str | None, told: bool
) -> None:
    versions = {"tensorboard": tensorboard, "setuptools": setuptools}
    found = problems(versions, wit=False, variables={})
    assert any('pip install "setuptools<82"' in problem for problem in found) is told


@pytest.mark.parametrize(
    ("versions", "variables", "part"),
    [
        ({"tensorboard": "2.21.0", "setuptools": "84.0.0"}, {}, "uninstall tensorboard-plugin-wit"),
        ({"tensorflow": "2.15.1"}, {}, "older than the supported 2.16"),
        ({"tensorflow": "2.18.0", "tf_keras": "2.21.0"}, {}, '"tf_keras==2.18.*"'),
        ({"tensorflow": "2.21.0"}, {"KERAS_BACKEND": "jax"}, "set KERAS_BACKEND=tensorflow"),
    ],
)
def test_other_problems_have_a_remedy(
    versions: dict[str, str | None], variables: dict[str, str], part: str
) -> None:
    (problem,) = problems(versions, wit=True, variables=variables)
    assert part in problem


def test_this_environment_has_no_problem() -> None:
    found = environment()
    assert found.problems == ()
    assert found.versions["tb-bnplugin"]


def test_unknown_flavour_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["doctor", "--keras", "torch"])
    assert refused.value.code == 2
    assert "tf_keras" in capsys.readouterr().err


def test_import_costs_no_tensorflow() -> None:
    program = "import sys, tb_bnplugin.doctor\nassert 'tensorflow' not in sys.modules\n"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert callable(report_of_installed)
