from __future__ import annotations

import json
from dataclasses import MISSING, fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_bnplugin.errors import FactsError
from tb_bnplugin.schema.facts import (
    Call,
    Graph,
    LayerFacts,
    LossFacts,
    MetricFacts,
    ModelFacts,
    Node,
    Phase,
)
from tb_bnplugin.schema.facts_json import (
    encode_calls,
    encode_model,
    encode_phase,
    parse_calls,
    parse_model,
    parse_phase,
)
from tests.support.histories import CALL, FACTS


def changed(**values: Any) -> bytes:
    """The model document with some values changed, as JSON."""
    return json.dumps({**json.loads(encode_model(FACTS)), **values}).encode()


TEXT = st.text(max_size=5)
SHAPE = st.none() | st.lists(st.none() | st.integers(0, 9), max_size=3).map(tuple)


@given(
    st.builds(
        ModelFacts,
        layers=st.lists(
            st.builds(LayerFacts, start_updates_before=st.floats(0, 1e9)), max_size=2
        ).map(tuple),
        graph=st.builds(Graph, nodes=st.lists(st.builds(Node), max_size=2).map(tuple)),
    )
)
def test_a_model_reads_as_it_was_written(facts: ModelFacts) -> None:
    read = parse_model(encode_model(facts))
    assert repr(read) == repr(facts)  # NaN equals nothing


@given(
    st.builds(
        Phase,
        wall_time=st.floats(0, 1e9),
        losses=st.lists(st.builds(LossFacts, label_shape=SHAPE), max_size=2).map(tuple),
        metrics=st.lists(st.builds(MetricFacts, label_shape=SHAPE), max_size=2).map(tuple),
        measured_losses=st.lists(st.builds(LossFacts, label_shape=SHAPE), max_size=2).map(tuple),
    )
)
def test_a_phase_reads_as_it_was_written(phase: Phase) -> None:
    read = parse_phase(encode_phase(phase))
    assert repr(read) == repr(phase)  # NaN equals nothing


@given(st.lists(st.builds(Call), max_size=3))
def test_calls_read_as_they_were_written(calls: list[Call]) -> None:
    assert parse_calls(encode_calls(calls)) == tuple(calls)


@given(
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    ).map(lambda value: json.dumps(value).encode())
)
def test_anything_else_is_a_facts_error(document: bytes) -> None:
    for parse in (parse_model, parse_calls, parse_phase):
        with pytest.raises(FactsError):
            parse(document)


REQUIRED = [field.name for field in fields(ModelFacts) if field.default is MISSING]
LATER = [field.name for field in fields(ModelFacts) if field.default is not MISSING]


@pytest.mark.parametrize("field", REQUIRED)
def test_a_missing_value_is_named(field: str) -> None:
    document = json.loads(encode_model(FACTS))
    del document[field]
    with pytest.raises(FactsError, match=rf"model\.{field} is missing"):
        parse_model(json.dumps(document).encode())


@pytest.mark.parametrize("field", LATER)
def test_an_older_log_lacks_what_was_added_later(field: str) -> None:
    document = json.loads(encode_model(FACTS))
    del document[field]
    unknown: dict[str, Any] = {each.name: each.default for each in fields(ModelFacts)}
    expected = replace(FACTS, **{field: unknown[field]})
    assert parse_model(json.dumps(document).encode()) == expected


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"name": 7}, r"model\.name: str was expected, received int"),
        ({"replicas": "2"}, r"model\.replicas: int was expected, received str"),
        ({"replicas": True}, r"model\.replicas: int was expected, received bool"),
        (
            {"code": {"model_class": "M", "subclassed": 1}},
            r"model\.code\.subclassed: bool was expected, received int",
        ),
        ({"code": {"subclassed": True}}, r"model\.code\.model_class is missing"),
        ({"layers": {}}, r"model\.layers: a list was expected, received dict"),
        ({"layers": [7]}, r"model\.layers\[0\]: an object was expected, received int"),
        (
            {"graph": {"edges": [[1, 2, 3]]}},
            r"model\.graph\.edges\[0\]: 2 values were expected, received 3",
        ),
    ],
)
def test_an_ill_typed_value_is_named(values: dict[str, Any], where: str) -> None:
    with pytest.raises(FactsError, match=where):
        parse_model(changed(**values))


def test_keys_of_a_newer_version_are_ignored() -> None:
    assert parse_model(changed(newer=1)) == FACTS


def test_an_integer_serves_as_a_number() -> None:
    phase = {"number": 1, "step": 1, "wall_time": 7, "reason": "fit"}
    read = parse_phase(json.dumps(phase).encode()).wall_time
    assert (read, type(read)) == (7.0, float)


def test_names_may_hold_anything() -> None:
    name = "<b>\n\u202e\ud800" * 1000
    assert parse_model(encode_model(replace(FACTS, name="<b>\n\u202e" * 1000))).name
    assert encode_model(replace(FACTS, name=name))
    assert parse_calls(encode_calls([replace(CALL, source="a\x00b")]))[0].source == "a\x00b"


@pytest.mark.parametrize(
    ("keras", "keras_3"),
    [("keras 3.15.1", True), ("tf_keras 2.21.0", False), ("keras 2.12", False)],
)
def test_keras_3_is_told_from_keras_2(keras: str, keras_3: bool) -> None:
    assert replace(FACTS, keras=keras).keras_3 is keras_3
