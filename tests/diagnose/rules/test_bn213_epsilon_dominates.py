from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.schema.facts import Node
from tests.support.histories import create_history, create_probe, create_probe_layers
from tests.support.judging import judge

STEPS = range(1, 41)
EPSILON = 1e-3
BEHIND = [0.0, np.log(9.0), 0.0]
"""ln of moving variance over batch variance: the layer behind gets less than before."""


def each(*values: float) -> Any:
    """A constant for each layer."""
    return np.broadcast_to(values, (len(STEPS), len(values)))


def ported(
    variance: float = 2e-5, batch: float = 2e-5, shift: Any = BEHIND, **changed: Any
) -> ModelHistory:
    """Three loaded layers, the first of a small variance."""
    columns = {
        "moving_variance": each(variance, 0.5, 0.5),
        "batch_variance": each(batch, 0.06, 0.5),
        "variance_shift": each(*shift),
        **changed.pop("columns", {}),
    }
    facts = {"start": "loaded", "gamma_beta_start": "trained", "epsilon": EPSILON}
    facts |= changed.pop("layer_facts", {})
    return create_history(steps=STEPS, columns=columns, layer_facts=facts, **changed)


NODES = tuple(Node(path=f"bn_{at}", layer_class="BatchNormalization", layer=at) for at in range(3))
ADAPTED = np.concatenate([np.full(5, np.log(9.0)), np.zeros(35)])[:, None] * np.array([0, 1, 0])
UNTRAINED = each(np.nan, np.nan, np.nan)

FINDINGS = {
    "a layer behind gets less": ported(),
    "just below a fifth": ported(variance=0.19e-3, batch=0.19e-3),
    "behind just beyond a factor of two": ported(shift=[0.0, np.log(2.1), 0.0]),
    "layers behind that adapted since": ported(columns={"variance_shift": ADAPTED}),
    "behind by the graph": ported(facts={"nodes": NODES, "edges": ((0, 2), (2, 1), (1, 0))}),
    "by the probe, of layers that are not updated": ported(
        columns={"batch_variance": UNTRAINED, "variance_shift": UNTRAINED},
        probe=create_probe(),
        probe_layers=create_probe_layers(
            batch_variance=[2e-5, 0.06, 0.5], variance_shift=[0.0, np.log(9.0), 0.0]
        ),
    ),
}
FACTS = {
    "a training that is resumed": ported(shift=[0.0, 0.0, 0.0]),
    "behind just within a factor of two": ported(shift=[0.0, np.log(1.9), 0.0]),
    "no way leads to the layer": ported(facts={"nodes": NODES, "edges": ((0, 2), (1, 0))}),
}
SILENT = {
    "trained from scratch": ported(
        layer_facts={"start": "initializer", "gamma_beta_start": "initializer"}
    ),
    "just above a fifth": ported(variance=0.21e-3, batch=0.21e-3),
    "a constant input": ported(variance=0.0, batch=0.0),
    "batches of another size": ported(batch=0.1),
    "other data, three times smaller": ported(variance=9e-5, batch=3e-5),
    "the epsilon of the source": ported(layer_facts={"epsilon": 1e-5}),
    "no epsilon": ported(layer_facts={"epsilon": None}),
    "no record": create_history(steps=[]),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("BN213", FINDINGS[name])
    assert (outcome.status, outcome.severity, outcome.layers) == ("finding", "warning", ("bn_0",))
    assert "bn_1" in outcome.message


@pytest.mark.parametrize("name", FACTS)
def test_without_harm_behind_it_is_a_fact(name: str) -> None:
    outcome = judge("BN213", FACTS[name])
    assert (outcome.status, outcome.fact, outcome.layers) == ("ok", True, ("bn_0",))


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    outcome = judge("BN213", SILENT[name])
    assert (outcome.status == "finding", outcome.fact) == (False, False)


@pytest.mark.parametrize("name", ["no epsilon", "no record"])
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge("BN213", SILENT[name]).status == "not_checked"


def test_what_comes_out_is_smaller_by_the_root() -> None:
    evidence = judge("BN213", ported()).evidence
    assert evidence["shrunk"] == pytest.approx(np.sqrt((2e-5 + EPSILON) / 2e-5))


def test_statistics_behind_it_are_not_told_too() -> None:
    long = {"momentum": 0.9, "start": "loaded"}
    outcome = judge("BN202", ported(layer_facts=long))
    assert outcome.reason == "BN213 epsilon-dominates explains statistics that do not fit."
    alone = judge("BN202", ported(variance=0.5, batch=0.5, layer_facts=long))
    assert (alone.status, alone.layers) == ("finding", ("bn_1",))
