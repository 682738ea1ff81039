"""Lines in the documents: once each, and whatever a log says of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tb_bnplugin.errors import FactsError
from tb_bnplugin.schema.facts_json import encode_calls, parse_calls
from tb_bnplugin.schema.places import Line
from tests.support.histories import CALL

INNER = Line(file="net.py", line=3, function="call", text="    x = bn(x)", depth=1)
OUTER = Line(file="train.py", line=42, function="step", text="p = m(x)", before=("with t:",))
STACKED = replace(CALL, location="net.py:3", stack=(INNER, OUTER))


def test_calls_read_as_they_were_written() -> None:
    calls = (STACKED, replace(STACKED, layer=1), replace(CALL, layer=2))
    assert parse_calls(encode_calls(calls)) == calls


def test_a_line_that_many_layers_share_is_written_once() -> None:
    written = encode_calls([replace(STACKED, layer=layer) for layer in range(200)])
    assert written.count(b"train.py") == 1


@pytest.mark.parametrize("stack", [[5], [-1], ["0"], [True], "0", None, {"0": 0}])
def test_a_stack_of_no_lines_is_empty(stack: Any) -> None:
    document = json.loads(encode_calls([STACKED]))
    document["calls"][0]["stack"] = stack
    assert parse_calls(json.dumps(document).encode())[0].stack == ()


@pytest.mark.parametrize("lines", [7, [7], [{"file": "x"}], [{**vars(OUTER), "line": "x"}]])
def test_lines_that_are_none_are_a_facts_error(lines: Any) -> None:
    document = json.loads(encode_calls([STACKED]))
    document["lines"] = lines
    with pytest.raises(FactsError):
        parse_calls(json.dumps(document).encode())


def test_a_log_without_lines_is_read() -> None:
    document = json.loads(encode_calls([CALL]))
    del document["lines"], document["calls"][0]["stack"]
    assert parse_calls(json.dumps(document).encode()) == (CALL,)
