from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tb_bnplugin.dashboard.plugin import BatchNormPlugin
from tests.dashboard.validate import SCHEMA

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "http_api.md").read_text("utf-8")


class NoContext:
    """Routes are known before there is any data."""

    data_provider = None


def test_every_route_is_documented_and_no_other() -> None:
    table = re.findall(r"^\| (`.+?) \|", DOCUMENT, flags=re.MULTILINE)
    documented = {f"/{name}" for cell in table for name in re.findall(r"`([\w.]+)`", cell)}
    assert documented == set(BatchNormPlugin(NoContext()).get_plugin_apps())


@pytest.mark.parametrize("name", sorted(SCHEMA["$defs"]))
def test_every_key_is_documented(name: str) -> None:
    missing = [
        key for key in keys_of(SCHEMA["$defs"][name]) if not re.search(rf"\b{key}\b", DOCUMENT)
    ]
    assert missing == []


def keys_of(schema: Any) -> set[str]:
    """Names of all properties in a schema."""
    if isinstance(schema, list):
        return {key for part in schema for key in keys_of(part)}
    if not isinstance(schema, dict):
        return set()
    return {*schema.get("properties", ()), *keys_of(list(schema.values()))}
