"""Holds answers to the schema from which the page's types are generated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import jsonschema

import tb_bnplugin.dashboard

SCHEMA: Final[dict[str, Any]] = json.loads(
    (Path(tb_bnplugin.dashboard.__file__).parent / "api.schema.json").read_text(encoding="utf-8")
)


def validate(answer: Any, name: str) -> None:
    """Raises where an answer is not of the type of this name."""
    schema = {"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]}
    jsonschema.Draft202012Validator(schema).validate(answer)
