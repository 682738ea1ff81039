from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.dashboard.golden import GOLDEN, golden_answers, stale_files
from tests.dashboard.validate import SCHEMA, validate


def test_golden_files_are_what_python_answers() -> None:
    assert stale_files() == [], "run python -m tests.dashboard.golden"


@pytest.mark.parametrize("name", sorted(golden_answers()))
def test_golden_file_matches_the_schema(name: str) -> None:
    path: Path = GOLDEN / f"{name.lower()}.json"
    validate(json.loads(path.read_text(encoding="utf-8")), name)


def test_schema_refuses_a_key_it_does_not_know() -> None:
    open_types = [
        name
        for name, definition in SCHEMA["$defs"].items()
        if definition.get("additionalProperties") is not False
    ]
    assert open_types == []
