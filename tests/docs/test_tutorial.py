"""The tutorial's cells run in their order, and show what the text between them says."""

from __future__ import annotations

import ast
import json
import linecache
from typing import Any

import pytest

import tb_bnplugin
from tests.conftest import ROOT, Flavour

NOTEBOOK = json.loads((ROOT / "docs" / "tutorial.ipynb").read_text(encoding="utf-8"))
CODE = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]


pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


def run(cell: Any, number: int, given: dict[str, Any]) -> Any:
    """Run a cell without its magics, and return what a notebook shows below it."""
    lines = [line for line in cell["source"] if not line.startswith(("%", "!"))]
    name = f"cell_{number}.py"
    linecache.cache[name] = (0, None, lines, name)  # as IPython does
    tree = ast.parse("".join(lines))
    shown: Any = None
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, "exec"), given)
    if isinstance(last, ast.Expr):
        shown = eval(compile(ast.Expression(last.value), name, "eval"), given)
    return shown


def test_the_tutorial_shows_what_it_says(
    flavour: Flavour, tensorflow: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    given: dict[str, Any] = {}
    name = flavour.keras.__name__
    shown = []
    for number, cell in enumerate(CODE):
        source = [
            line.replace("import keras\n", f"import {name} as keras\n") for line in cell["source"]
        ]
        shown.append(run({"source": source}, number, given))
    printed = capfd.readouterr()
    wrong, findings, ledger, right, none, slow, repaired, report = (
        each for each in shown if each is not None
    )
    assert wrong < 0.7
    assert right > 0.9
    assert [each.code for each in findings if each.severity == "error"] == ["BN101"]
    assert str(findings[0].place) == "cell_2.py:7"
    assert "logits = model(x) if training is None" in findings[0].place.text
    assert "nobody gave one" in ledger
    assert [each for each in none if each.severity != "info"] == []
    assert [each.code for each in slow if each.severity == "warning"] == ["BN201"]
    assert repaired > 0.9
    assert "Recalibrated 1 layer of 'sensors'" in printed.out
    assert {"BN101", "BN201"} <= {each.code for each in report.findings}
    assert "cell_2.py" in printed.err  # told while it trained
    assert all("</div>" in each._repr_html_() for each in (findings, none, slow, report))
    assert isinstance(report, tb_bnplugin.Report)


def test_no_output_is_kept() -> None:
    assert len(CODE) > 8
    assert [cell for cell in CODE if cell["outputs"] or cell["execution_count"]] == []
    magics = [line for cell in CODE for line in cell["source"] if line.startswith("%")]
    assert "%tensorboard --logdir logs" in magics


@pytest.mark.parametrize("name", ["testing.md", "../README.md"])
def test_links_lead_somewhere(name: str) -> None:
    assert f"]({name})" in json.dumps(NOTEBOOK)
    assert (ROOT / "docs" / name).exists()
