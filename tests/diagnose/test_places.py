"""The line that a finding asks to change, among those that are known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tb_bnplugin.diagnose import Outcome
from tb_bnplugin.diagnose.places import find_place
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.schema.columns import PAIRS_OF
from tb_bnplugin.schema.facts import Call, LossFacts, WeightFacts
from tb_bnplugin.schema.places import Line, Statement
from tests.support.histories import CALL, LOSS_FACTS, create_history


def line(number: int, text: str = "", *, depth: int = 0, function: str = "step") -> Line:
    return Line(file="train.py", line=number, function=function, text=text, depth=depth)


def call(*stack: Line, **how: object) -> Call:
    return replace(CALL, stack=stack, **how)  # type: ignore[arg-type]


def finding(code: str, **how: object) -> Outcome:
    return Outcome(code=code, name="", status="finding", severity="error", **how)  # type: ignore[arg-type]


def history(*calls: Call, statements: tuple[Statement, ...] = ()) -> ModelHistory:
    return create_history(calls=calls, facts={"statements": statements})


def statement(kind: str, value: str, number: int, function: str = "step") -> Statement:
    return Statement(kind=kind, value=value, line=line(number, function=function))


def placed(outcome: Outcome, given: ModelHistory) -> int | None:
    place = find_place(outcome, given)
    return None if place is None else place.line


WITHIN, OUTSIDE, CALLER = line(3, "y = bn(x)", depth=1), line(10, "p = m(x)"), line(20, "step(x)")


def test_the_call_of_the_model_not_the_layers_own() -> None:
    place = find_place(finding("BN101"), history(call(WITHIN, OUTSIDE, CALLER)))
    assert place is not None
    assert (place.line, [each.line for each in place.callers]) == (10, [20])
    assert (str(place), place.text) == ("train.py:10", "p = m(x)")


def test_each_caller_is_told_once() -> None:
    recursive = call(WITHIN, OUTSIDE, CALLER, OUTSIDE, CALLER, *(line(at) for at in range(31, 36)))
    place = find_place(finding("BN101"), history(recursive))
    assert place is not None
    assert [each.line for each in place.callers] == [20, 31, 32, 33]
    read = find_place(finding("LR103"), history(recursive, statements=(statement("loss", "", 12),)))
    assert read is not None
    assert [each.line for each in read.callers] == [10, 20, 31, 32]


def test_the_line_that_asks_within_the_model() -> None:
    asks = replace(WITHIN, text="y = bn(x, training=True)")
    given = call(
        asks,
        OUTSIDE,
        mode="training",
        context="evaluate",
        training_argument="true",
        reason="explicit",
    )
    assert placed(finding("BN104"), history(given)) == 3
    for passed in ("training", "True if training else None", "False or training"):
        passes_on = replace(WITHIN, text=f"y = bn(x, training={passed})")
        assert placed(finding("BN104"), history(replace(given, stack=(passes_on, OUTSIDE)))) == 10


def test_the_call_under_a_tape_before_others() -> None:
    outside = call(line(1), context="no_tape")
    assert placed(finding("BN101"), history(outside, call(OUTSIDE))) == 10
    assert placed(finding("BN101"), history(outside)) == 1


def test_only_calls_of_the_layers_that_are_wrong() -> None:
    other = call(line(1), layer=1)
    assert placed(finding("BN101", layers=("bn_0",)), history(other, call(OUTSIDE))) == 10
    assert placed(finding("BN101", layers=("bn_2",)), history(other)) is None


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ((statement("trainable", "false", 5),), 5),
        ((statement("trainable", "true", 5),), None),  # it was set to False
        ((statement("trainable", "false", 5, "a"), statement("trainable", "false", 6, "b")), None),
        ((statement("trainable", "false", 5, "a"), statement("trainable", "false", 6)), 6),
    ],
    ids=["one", "another value", "two alike", "two, of which one stands where the model runs"],
)
def test_the_line_that_set_trainable(
    statements: tuple[Statement, ...], expected: int | None
) -> None:
    outcome = finding("BN105", evidence={"trainable_as_set": False})
    assert placed(outcome, history(call(OUTSIDE), statements=statements)) == expected


def test_what_is_no_finding_has_no_place() -> None:
    ok = replace(finding("BN101"), status="ok")
    assert find_place(ok, history(call(OUTSIDE))) is None


@pytest.mark.parametrize("code", ["BN110", "BN111", "BN208", "RC101", "BN207"])
def test_a_code_whose_line_is_not_known_has_none(code: str) -> None:
    assert find_place(finding(code), history(call(OUTSIDE))) is None


def test_a_momentum_is_found_by_its_value() -> None:
    made = (statement("momentum", "0.9", 5), statement("momentum", "1.5", 6))
    outcome = finding("BN210", evidence={"momentum": 1.5})
    assert placed(outcome, history(statements=made)) == 6


LAYERS = ("bn_0", "bn_1")


def made(momentum: str, number: int, function: str = "build") -> Statement:
    return statement("layer", momentum, number, function)


@pytest.mark.parametrize("code", ["BN201", "BN205", "BN211", "BN212", "BN213"])
@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ((made("0.9", 4),), 4),
        ((made("", 4),), 4),  # its momentum is a variable's
        ((made("0.99", 4),), None),  # another layer: these have 0.9
        ((made("0.99", 4), made("0.9", 5)), 5),
        ((made("0.9", 4), made("0.9", 5)), None),
    ],
    ids=["one", "unknown", "of another momentum", "two, one of them fits", "two alike"],
)
def test_where_the_layers_are_made(
    code: str, statements: tuple[Statement, ...], expected: int | None
) -> None:
    given = create_history(layer_facts={"momentum": 0.9}, facts={"statements": statements})
    assert placed(finding(code, layers=LAYERS), given) == expected


def test_the_momentum_that_their_maker_is_given() -> None:
    given = create_history(
        layer_facts={"momentum": 0.9},
        facts={"statements": (statement("momentum", "0.9", 8), made("", 4))},
    )
    assert placed(finding("BN201", layers=LAYERS), given) == 8
    assert placed(finding("BN211", layers=LAYERS), given) == 4


def test_the_loop_that_copies_trainable_weights_unless_the_program_resets() -> None:
    copied, reset = statement("copied", "", 5), statement("reset", "", 8)
    again = statement("reset", "", 9)
    lost = finding("BN207", evidence={"inference_executions": 3})
    put_back = finding("BN207", evidence={"inference_executions_since": 3})
    assert placed(lost, history(statements=(copied,))) == 5
    assert placed(lost, history(statements=(copied, reset))) is None
    assert placed(put_back, history(statements=(copied, reset, again))) == 8
    elsewhere = statement("reset", "", 9, "another")
    assert placed(put_back, history(statements=(reset, elsewhere))) is None


def test_of_several_loops_that_copy_the_one_that_writes_this_model() -> None:
    loops = (statement("copied", "client", 5), statement("copied", "server", 8))
    lost = finding("BN207", evidence={"inference_executions": 3})
    for names, expected in (("server",), 8), (("client",), 5), ((), None), (("other",), None):
        model = tuple(statement("model", name, 2) for name in names)
        assert placed(lost, history(statements=(*loops, *model))) == expected
    alone = (loops[0], statement("model", "server", 2))  # it may be a part of the model
    assert placed(lost, history(statements=alone)) == 5
    again = (*loops, statement("copied", "server", 9), statement("model", "server", 2))
    assert placed(lost, history(statements=again)) is None


@pytest.mark.parametrize("code", ["BN101", "BN102", "BN109"])
def test_the_line_that_sets_what_the_call_passes_on(code: str) -> None:
    off = statement("switched", "false at train.py:10", 7, "validate")
    place = find_place(finding(code), history(call(OUTSIDE, CALLER), statements=(off,)))
    assert place is not None
    assert (place.line, place.callers) == (7, ())  # the call at 10 did not call `validate`
    of_another = statement("switched", "false at train.py:11", 7)
    assert placed(finding(code), history(call(OUTSIDE), statements=(of_another,))) == 10
    again = replace(off, line=line(8))
    assert placed(finding(code), history(call(OUTSIDE), statements=(off, again))) == 10


def test_the_call_under_the_models_own_tape() -> None:
    own = statement("own_tape", "train.py:10", 16)
    place = find_place(finding("BN101"), history(call(OUTSIDE, CALLER), statements=(own,)))
    assert place is not None
    assert (place.line, [each.line for each in place.callers]) == (16, [20])
    two = (call(line(1)), call(OUTSIDE))  # each in its own way, both seen
    assert placed(finding("BN101"), history(*two)) == 1
    seen = statement("own_tape", "train.py:10", 10)
    assert placed(finding("BN101"), history(*two, statements=(seen,))) == 10
    outside = replace(two[1], context="no_tape")
    assert placed(finding("BN101"), history(two[0], outside, statements=(seen,))) == 1


@pytest.mark.parametrize(
    ("values", "still", "expected"),
    [
        ({"a/conv": 4}, ("net/a/conv/kernel:0", "net/a/conv/bias:0"), 4),
        ({"a/conv": 4, "b/conv": 4}, ("net/a/conv/kernel", "net/b/conv/kernel"), 4),
        ({"conv": 4}, ("conv/kernel",), 4),
        ({"a/conv": 4, "b/conv": 5}, ("net/a/conv/kernel",), 4),
        ({"a/conv": 4, "b/conv": 5}, ("net/a/conv/kernel", "net/b/conv/kernel"), None),
        ({"a/conv": 4}, ("net/a/conv/kernel", "net/head/kernel"), None),
        ({"a/conv": 4}, ("net/a/conv_2/kernel",), None),
        ({}, ("net/a/conv/kernel",), None),
    ],
    ids=[
        *("one", "one line, two layers", "at the top", "another that changes"),
        *("two lines", "a weight that it does not explain", "another name", "none"),
    ],
)
def test_the_statement_that_drops_the_output_of_what_stands_still(
    values: dict[str, int], still: tuple[str, ...], expected: int | None
) -> None:
    lines = tuple(statement("overwritten", value, at, "call") for value, at in values.items())
    weights = WeightFacts(trainable=9, unchanged=still, checked_step=5)
    given = create_history(facts={"statements": lines, "weights": weights})
    assert placed(finding("BN111"), given) == expected


@pytest.mark.parametrize(
    ("values", "layers", "expected"),
    [
        ({"bn2": 4}, ("bn2",), 4),
        ({"bn2": 4, "other": 5}, ("bn2",), 4),
        ({"bn2": 4}, ("bn2", "bn3"), None),
        ({"bn2": 4, "bn3": 5}, ("bn2", "bn3"), None),
        ({"bn2": 4}, ("bn3",), None),
    ],
)
def test_the_call_of_one_layer_for_another(
    values: dict[str, int], layers: tuple[str, ...], expected: int | None
) -> None:
    lines = tuple(statement("called_again", value, at, "call") for value, at in values.items())
    assert placed(finding("BN110", layers=layers), history(statements=lines)) == expected


@pytest.mark.parametrize(
    ("column", "expected"),
    [("variance_only_records", 5), ("mean_only_records", 2), ("idle_records", 2), (None, 2)],
)
def test_the_line_that_writes_one_statistic_into_the_other(
    column: str | None, expected: int
) -> None:
    lines = (
        statement("layer_call", "Norm", 2, "call"),
        statement("miswritten", "Norm.moving_variance", 5, "call"),
    )
    columns = {} if column is None else {column: 6.0}
    given = create_history(columns=columns, facts={"statements": lines})
    outcome = finding("BN209", layers=LAYERS, evidence={"layer_class": "Norm"})
    assert placed(outcome, given) == expected
    another = finding("BN209", layers=LAYERS, evidence={"layer_class": "OtherNorm"})
    assert placed(another, given) == 2


def test_the_function_of_the_lambda_that_calls_the_layer() -> None:
    lines = (statement("lambda", "norm", 3), statement("lambda", "block/norm", 4))
    assert placed(finding("BN214", layers=("block/norm/bn",)), history(statements=lines)) == 4
    assert placed(finding("BN214", layers=("other/bn",)), history(statements=lines)) is None


@pytest.mark.parametrize(
    ("code", "evidence", "expected"),
    [
        ("BN112", {"frozen_executions": 5}, 2),
        ("BN112", {"learning_rate_is_0": True}, 3),
        ("BN112", {"learning_rate_is_0": False}, None),
        ("BN202", {"swapped": True}, 4),
        ("BN202", {}, None),
        ("BN204", {"layers_with_negative_variance": 1}, 4),
        ("BN204", {"layers_with_negative_variance": 0}, None),
    ],
)
def test_what_froze_rested_or_was_handed_over(
    code: str, evidence: dict[str, object], expected: int | None
) -> None:
    lines = (
        *(statement("trainable", "false", 2), statement("schedule", "", 3)),
        statement("set_weights", "", 4),
    )
    assert placed(finding(code, evidence=evidence), history(statements=lines)) == expected


def test_a_momentum_that_breaks_the_variance() -> None:
    given = create_history(
        layer_facts={"momentum": 1.5}, facts={"statements": (statement("momentum", "1.5", 7),)}
    )
    wrong = {"layers_with_momentum_outside_0_1": 1, "layers_with_negative_variance": 1}
    assert placed(finding("BN204", layers=LAYERS, evidence=wrong), given) == 7


def test_the_size_of_virtual_batches_before_the_call() -> None:
    asked = (statement("virtual_batch_size", "2", 6),)
    given = create_history(
        layer_facts={"virtual_batch": 2}, facts={"statements": asked}, calls=(call(OUTSIDE),)
    )
    assert placed(finding("BN203", layers=LAYERS), given) == 6
    assert placed(finding("BN203"), history(call(OUTSIDE), statements=asked)) == 10


def test_the_line_at_which_rows_meet() -> None:
    loss = LossFacts(
        name="loss",
        loss_class="td_error",
        reduction=None,
        label_shape=(None, 1),
        prediction_shape=(None,),
        label_dtype="float32",
        prediction_dtype="float32",
        weighted=False,
        line=line(9, function="td_error"),
        paired_at=line(5),
    )
    given = create_history()
    phase = replace(given.phases[-1], measured_losses=(loss,))
    given = replace(given, phases=(phase,))
    assert placed(finding("LR104", evidence={"loss": "loss"}), given) == 5
    unknown = replace(phase, measured_losses=(replace(loss, paired_at=None),))
    assert placed(finding("LR104", evidence={"loss": "loss"}), replace(given, phases=(unknown,)))
    before = {"loss": "loss", "pairs_of": float(PAIRS_OF.index("targets"))}
    assert placed(finding("LR104", evidence=before), given) is None
    of_loss, of_other = statement("target", "td_error", 7), statement("target", "other", 6)
    for lines, expected in ((of_loss, of_other), 7), ((of_other,), None):
        code = replace(given.facts.code, statements=lines)
        known = replace(given, facts=replace(given.facts, code=code))
        assert placed(finding("LR104", evidence=before), known) == expected
        assert placed(finding("LR104", evidence={"loss": "loss"}), known) == 5


def test_the_one_layer_of_several_by_its_name() -> None:
    named = (statement("named", "bn_1", 4), statement("named", "bn_0", 5))
    given = create_history(facts={"statements": named}, calls=(call(OUTSIDE),))
    assert placed(finding("BN203", layers=("bn_1",)), given) == 4
    assert placed(finding("BN203", layers=("bn_0", "bn_1")), given) == 10  # the call


@pytest.mark.parametrize("code", ["LR101", "LR102", "LR110"])
def test_a_loss_that_the_loop_reduces_is_placed_there(code: str) -> None:
    def program(text: str) -> ModelHistory:
        of_loop = Statement(kind="loss", value="", line=line(12, text))
        given = history(statements=(of_loop, statement("reduction", "sum", 2)))
        own = replace(LOSS_FACTS, line=line(5, "return each"))
        return replace(given, phases=(replace(given.phases[-1], measured_losses=(own,)),))

    by_loop = finding(code, evidence={"loss": "loss", "reduced_by_loop": True})
    for text in ("loss = tf.reduce_sum(each) / 64", "loss /= 64", "loss = ops.mean(each)"):
        assert placed(by_loop, program(text)) == 12
    for text in ("scaled = optimizer.scale_loss(loss)", "loss = my_loss(y, summary)"):
        assert placed(by_loop, program(text)) is None
    other = finding(code, evidence={"loss": "loss", "reduced_by_loop": False})
    assert placed(other, program("loss /= 64")) == (12 if code == "LR110" else 5)
