"""The cases of all rules, collected from their tests."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

from tb_bnplugin.diagnose import RULES
from tb_bnplugin.history.model import ModelHistory

RULE_TESTS = Path(__file__).resolve().parents[1] / "diagnose" / "rules"


def find_cases() -> Iterator[tuple[str, str, ModelHistory]]:
    """Code, name of the case and history, of every case of every rule of one model."""
    for rule in RULES:
        tests = sorted(RULE_TESTS.glob(f"test_{rule.RULE.code.lower()}_*.py"))
        assert tests, rule.RULE.code
        for test in tests:
            module = importlib.import_module(f"tests.diagnose.rules.{test.stem}")
            for name, history in (module.FINDINGS | module.SILENT).items():
                yield rule.RULE.code, name, history
