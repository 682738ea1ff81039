"""What a Keras does is looked up by its version, else by another patch of it, else not known."""

from __future__ import annotations

import json
from importlib import resources

import pytest

from tb_bnplugin.diagnose import keras_facts
from tb_bnplugin.diagnose.keras_facts import fact

# What the rules and the fix texts ask for.
NEEDED = (
    "graph_training_false_honoured_in_fit",
    "graph_training_false_honoured_in_fit_direct_layer",
    "graph_training_false_honoured_in_tape",
    "graph_training_true_kept_in_evaluate",
    "half_policy_statistics_dtype",
    "mean_loss_divided_by_replicas",
    "moving_variance_bessel",
    "time_distributed_updates_per_call",
    "trainable_after_compile_before_fit_honoured",
    "trainable_after_fit_without_compile_honoured",
    "trains_call_without_training",
)


@pytest.fixture
def three_patches(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = {
        "keras 3.1.0": {"name": "first"},
        "keras 3.1.4": {"name": "last", "only_here": 3.0},
        "keras 3.10.4": {"name": "of another minor version"},
        "tf_keras 3.1.3": {"name": "of the other flavour"},
    }
    monkeypatch.setattr(keras_facts, "_facts", lambda: measured)


@pytest.mark.usefixtures("three_patches")
@pytest.mark.parametrize(
    ("keras", "found"),
    [
        ("keras 3.1.0", "first"),
        ("keras 3.1.4", "last"),
        ("keras 3.1.1", "first"),
        ("keras 3.1.3", "last"),
        ("keras 3.1.9", "last"),
        ("keras 3.1.1rc0", "first"),
        ("keras 3.2.0", None),
        ("keras 3.11.4", None),
        ("keras 4.1.0", None),
        ("tf_keras 3.1.0", "of the other flavour"),
        ("keras", None),
        ("", None),
    ],
)
def test_version_or_another_patch(keras: str, found: str | None) -> None:
    assert fact(keras, "name") == found


@pytest.mark.usefixtures("three_patches")
def test_what_a_patch_did_not_answer_another_one_does() -> None:
    assert fact("keras 3.1.0", "only_here") == 3.0


@pytest.mark.usefixtures("three_patches")
def test_unknown_name_is_not_known() -> None:
    assert fact("keras 3.1.0", "typo") is None


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("keras", keras_facts.versions())
def test_every_measured_version_answers_what_rules_need(keras: str, name: str) -> None:
    assert fact(keras, name) is not None


def test_newest_and_oldest_versions_are_there() -> None:
    supported = {"keras 3.0.5", "keras 3.15.1", "tf_keras 2.16.0", "tf_keras 2.21.0"}
    assert supported <= set(keras_facts.versions())


def test_file_holds_plain_values_only() -> None:
    file = resources.files("tb_bnplugin.diagnose").joinpath(keras_facts.FILE)
    measured = json.loads(file.read_text(encoding="utf-8"))
    values = [value for facts in measured.values() for value in facts.values()]
    assert {type(value) for value in values} <= {bool, float, str}


# Known before there was a doctor, so not taken from the file.
@pytest.mark.parametrize(
    ("keras", "name", "value"),
    [
        ("keras 3.15.1", "graph_training_false_honoured_in_fit", False),
        ("tf_keras 2.21.0", "graph_training_false_honoured_in_fit", True),
        ("keras 3.15.1", "trains_call_without_training", False),
        ("tf_keras 2.21.0", "trains_call_without_training", True),
        ("keras 3.15.1", "time_distributed_updates_per_call", 3.0),
        ("tf_keras 2.21.0", "time_distributed_updates_per_call", 1.0),
        ("keras 3.15.1", "half_policy_statistics_dtype", "float16"),
        ("tf_keras 2.21.0", "half_policy_statistics_dtype", "float32"),
        ("keras 3.15.1", "mean_loss_divided_by_replicas", True),
        ("tf_keras 2.21.0", "mean_loss_divided_by_replicas", "raises"),
    ],
)
def test_known_differences(keras: str, name: str, value: object) -> None:
    assert fact(keras, name) == value
