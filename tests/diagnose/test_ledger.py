"""The ledger compares what was executed with what the statistics did."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.diagnose import create_layer_ledger, create_ledger, keep_layers, ledger_text
from tb_bnplugin.diagnose import ledger as ledgers
from tb_bnplugin.diagnose.ledger import LayerLedger
from tb_bnplugin.history.model import LayerFacts
from tb_bnplugin.schema.facts import Sharing
from tests.support.histories import CALL, FIFTY_STEPS, create_history, inference_columns

STEPS = np.array(FIFTY_STEPS, np.float64)
STILL = {"statistics_changes": 0.0}
WRITTEN = {"statistics_changes": STEPS, "external_changes": STEPS}


def layer(columns: dict[str, Any] | None = None, **facts: Any) -> LayerLedger:
    history = create_history(columns=columns, layer_facts=facts, layers=1)
    return create_ledger(history).layers[0]


@pytest.mark.parametrize(
    ("ledger", "agreement", "words"),
    [
        (layer(), "agree", "moved as it trained, between 50 records"),
        (layer(inference_columns()), "agree", "stood still, as nothing ran in training mode"),
        (layer(STILL, momentum=1.0), "explained", "momentum of 1"),
        (layer(STILL, dtype="bfloat16"), "explained", "rounded off in bfloat16"),
        (layer(STILL, start="loaded"), "explained", "gave what they already were"),
        (layer(STILL), "unexplained", "updates are lost (BN209)"),
        (layer(inference_columns() | WRITTEN), "explained", "written by other code"),
        (
            layer(inference_columns() | {"statistics_changes": 1.0, "external_changes": 1.0}),
            "explained",
            "loaded or copied",
        ),
        (layer({"external_changes": 2.0}), "explained", "written 2 times by other code"),
        (layer(WRITTEN | {"frozen_updates": 9.0}), "unexplained", "9 of the layer's own calls"),
    ],
)
def test_both_witnesses_are_compared(ledger: LayerLedger, agreement: str, words: str) -> None:
    assert ledger.agreement == agreement
    assert words in ledger.statistics


def test_without_a_record_nothing_is_known() -> None:
    (only,) = create_ledger(create_history(steps=[], layers=1)).layers
    assert (only.agreement, only.trainable, only.executions) == ("unknown", None, {})


def test_updates_before_the_watch_do_not_count() -> None:
    again = layer(STILL | {"training_tape": 40.0}, start_updates_before=40.0)
    assert again.agreement == "agree"


TEACHER = (400.0, *(0.0 for _ in range(1, 10)))  # EXECUTION_COLUMNS: it trained in a tape


def test_what_ran_before_the_watch_is_not_told() -> None:
    trained = replace(CALL, mode="training", training_argument="true", reason="explicit")
    asked = replace(CALL, context="no_tape", training_argument="false", reason="explicit")
    taught = create_history(
        columns={"training_tape": 400.0, "inference_no_tape": STEPS} | STILL,
        layer_facts={
            "sharing": Sharing(ran_before=TEACHER),
            "start_updates_before": 400.0,
            "start": "loaded",
        },
        calls=[trained, asked],
        layers=1,
    )
    (entry,) = create_ledger(taught).layers
    assert entry.executions == {"inference_no_tape": 50}
    assert [call.context for call in entry.calls] == ["no_tape"]
    assert entry.statistics == "stood still, as nothing ran in training mode"


def test_what_ran_before_the_watch_counts_where_the_log_has_it() -> None:
    both = create_history(
        columns={"training_tape": 16 * STEPS},
        layer_facts={"sharing": Sharing(ran_before=TEACHER)},
        layers=1,
    )
    (entry,) = create_ledger(both).layers
    assert entry.executions == {"training_tape": 800}


def test_a_line_says_who_asked_for_what() -> None:
    call = replace(
        CALL,
        mode="training",
        training_argument="true",
        reason="inherited",
        source="model",
        first_step=3,
    )
    text = ledger_text(create_ledger(create_history(calls=[call], layers=1)))
    assert (
        "training   tape      training=True, handed down by model; trainable when traced in"
        " train_step; since step 3"
    ) in text
    assert "ran: training tape 50" in text
    assert "now: trainable" in text


def test_layers_alike_share_a_block() -> None:
    text = ledger_text(create_ledger(create_history(layers=5)))
    assert "  bn_0, bn_1, bn_2, ...  (5 layers)" in text
    assert text.count("ran:") == 1


def test_layers_are_chosen_by_path() -> None:
    ledger = keep_layers(create_ledger(create_history(layers=3)), lambda path: path == "bn_1")
    assert [entry.path for entry in ledger.layers] == ["bn_1"]


def test_json_holds_what_the_text_says() -> None:
    written = create_ledger(create_history(calls=[CALL], layers=1)).to_json()
    assert written["steps"] == [1, 50]
    (entry,) = written["layers"]
    assert entry["executions"] == {"training_tape": 50}
    assert entry["calls"][0]["reason"] == "default"


def test_ledger_of_one_layer_is_made_for_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = [replace(CALL, layer=at % 3, first_step=at) for at in range(9)]
    history = create_history(columns={"training_tape": [[1, 2, 3]] * 50}, calls=calls)
    of_all = create_ledger(history)
    made = []
    sentence = ledgers._sentence

    def note(facts: LayerFacts, **numbers: Any) -> Any:
        made.append(facts.path)
        return sentence(facts, **numbers)

    monkeypatch.setattr(ledgers, "_sentence", note)
    alone = create_layer_ledger(history, 1)
    assert made == ["bn_1"]
    assert alone.to_json() == of_all.layers[1].to_json()
    assert len(alone.calls) == 3


def test_a_value_that_the_code_did_not_pass_on_is_not_one_that_nobody_gave() -> None:
    for source, words in (("", "nobody gave one"), ("own", "though own was given one")):
        call = replace(CALL, source=source)
        text = ledger_text(create_ledger(create_history(calls=[call], layers=1)))
        assert f"no training value, {words};" in text
