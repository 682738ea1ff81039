"""The lines of BN201 and BN208: what keeps the statistics, or the modes, apart."""

from __future__ import annotations

import pytest

from tb_bnplugin.schema.facts import Graph, Node
from tb_bnplugin.schema.places import Statement
from tests.diagnose.test_places import LAYERS, finding, made, placed, statement
from tests.support.histories import create_history


@pytest.mark.parametrize(
    ("evidence", "momentum", "more", "expected"),
    [
        ({"variance_factor": 0.2, "behind_dropout": 0}, 0.9, (), 3),
        ({"variance_factor": 0.51, "behind_dropout": 0}, 0.9, (), None),
        ({"variance_factor": 0.2, "behind_dropout": 1}, 0.9, (), None),
        ({"variance_factor": 0.2, "behind_dropout": 0}, 0.1, (), None),
        ({"variance_factor": 0.2, "behind_dropout": 0}, 0.9, (statement("fit", "", 9),), None),
        ({"variance_factor": 0.2, "inputs_times": 255.0}, 0.9, (), None),
        ({}, 0.9, (), None),
    ],
    ids=["narrow", "not narrow", "Dropout", "low momentum", "two fits", "scaled", "not known"],
)
def test_rows_that_are_left_in_order(
    evidence: dict[str, float], momentum: float, more: tuple[Statement, ...], expected: int | None
) -> None:
    lines = (statement("fit", "", 1), statement("shuffle", "false", 3), *more)
    given = create_history(layer_facts={"momentum": momentum}, facts={"statements": lines})
    outcome = finding("BN208", layers=LAYERS, evidence=evidence)
    assert placed(outcome, given) == expected
    assert placed(outcome, create_history(facts={"statements": lines[:1]})) is None


@pytest.mark.parametrize(
    ("evidence", "momentum", "expected"),
    [
        ({"variance_factor": 1.0, "behind_dropout": 0}, 0.1, 4),
        ({"variance_factor": 1.0, "behind_dropout": 0}, 0.9, None),
        ({"variance_factor": 1.0, "behind_dropout": 1}, 0.1, None),  # two causes
        ({"variance_factor": 1.0, "behind_dropout": 0, "inputs_times": 9.0}, 0.1, None),
    ],
)
def test_a_low_momentum_that_keeps_the_modes_apart(
    evidence: dict[str, float], momentum: float, expected: int | None
) -> None:
    lines = (statement("momentum", "0.1", 4), statement("momentum", "0.9", 5))
    given = create_history(layer_facts={"momentum": momentum}, facts={"statements": lines})
    assert placed(finding("BN208", layers=LAYERS, evidence=evidence), given) == expected


def dropouts(*layers: int | None) -> Graph:
    """A Dropout before each of these layers; None: before a layer that is none."""
    nodes: list[Node] = []
    edges = []
    for layer in layers:
        made = "Dense" if layer is None else "BatchNormalization"
        edges.append((len(nodes), len(nodes) + 1))
        nodes += [
            Node(path="drop", layer_class="Dropout", layer=None),
            Node(path="next", layer_class=made, layer=layer),
        ]
    return Graph(nodes=tuple(nodes), edges=tuple(edges))


@pytest.mark.parametrize(
    ("graph", "lines", "expected"),
    [
        (dropouts(0), [("dropout", 6)], 6),
        (dropouts(0, 1), [("dropout", 6)], 6),
        (dropouts(0, None), [("dropout", 6)], 6),  # one line makes both
        (dropouts(0, 1), [("dropout", 9), ("dropout", 6)], 6),  # both have to change
        (dropouts(0, None), [("dropout", 6), ("dropout", 9)], None),  # which of them?
        (dropouts(0, 2), [("dropout", 6), ("dropout", 9)], None),  # a layer that is right
        (dropouts(0), [("dropout", 6), ("dropout", 9)], None),  # one is of another model
        (dropouts(0), [], None),
    ],
)
def test_the_dropout_that_keeps_the_modes_apart(
    graph: Graph, lines: list[tuple[str, int]], expected: int | None
) -> None:
    made = tuple(statement(kind, "", at) for kind, at in lines)
    given = create_history(facts={"statements": made, "graph": graph})
    evidence = {"variance_factor": 3.0, "behind_dropout": 1}
    assert placed(finding("BN208", layers=LAYERS, evidence=evidence), given) == expected


def test_two_dropouts_of_two_functions_have_no_line() -> None:
    made = (statement("dropout", "", 6, "a"), statement("dropout", "", 9, "b"))
    given = create_history(facts={"statements": made, "graph": dropouts(0, 1)})
    evidence = {"variance_factor": 3.0, "behind_dropout": 1}
    assert placed(finding("BN208", layers=LAYERS, evidence=evidence), given) is None


ALL_LAYERS = ("bn_0", "bn_1", "bn_2")


@pytest.mark.parametrize(
    ("statements", "layers", "expected"),
    [
        ((made("0.9", 5), made("0.9", 4), made("", 6)), ALL_LAYERS, 4),
        ((made("0.9", 4), made("0.9", 5)), LAYERS, None),  # which of them?
        ((made("0.9", 4), made("0.99", 5)), ALL_LAYERS, 4),  # the one that fits
        ((made("0.9", 4), made("0.9", 5), made("0.99", 6)), ALL_LAYERS, None),
        ((made("0.9", 4), made("0.9", 5, "other")), ALL_LAYERS, None),
        (tuple(made("0.9", at) for at in range(4, 8)), ALL_LAYERS, None),  # one is of another
        ((statement("named", "bn_1", 7), made("0.9", 7), made("0.9", 4)), ("bn_1",), 7),
        ((statement("named", "bn_1", 7), made("0.9", 7), made("0.9", 4)), ("bn_0",), None),
    ],
)
def test_several_lines_that_make_layers(
    statements: tuple[Statement, ...], layers: tuple[str, ...], expected: int | None
) -> None:
    given = create_history(layer_facts={"momentum": 0.9}, facts={"statements": statements})
    assert placed(finding("BN201", layers=layers), given) == expected
    if layers == ALL_LAYERS and expected == 4 and len(statements) > 2:
        assert placed(finding("BN211", layers=layers), given) is None
