"""The line of the program that a finding asks to change.

A finding names layers or a loss; what is known of lines is where layers were called, where a loss
was measured, and what was found by reading the program. Each code says which of these it is about.
Where nothing fits, or two lines fit alike, a finding has no place: a wrong line is worse than none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from tb_bnplugin.diagnose import slips
from tb_bnplugin.diagnose.outcome import Outcome, Place
from tb_bnplugin.diagnose.program import (
    Way,
    beside,
    callers_of,
    first_of,
    layers_of,
    losses_of,
    number,
    one_of,
    only,
    only_of,
    option,
)
from tb_bnplugin.history.model import (
    PAIRS_OF,
    Call,
    ModelHistory,
)

_ASKS: Final = re.compile(r"\btraining\s*=\s*(True|False|0|1)\b(?!\s*(?:if|and|or)\b)")
"""A line that asks for a mode, whatever it was given itself."""
_REDUCES: Final = re.compile(r"/|\b\w*(?:sum|mean|average)\w*\(")
"""A line that divides, or takes a sum or a mean."""
_EVALUATING: Final = ("evaluate", "predict")


def find_place(outcome: Outcome, history: ModelHistory) -> Place | None:
    """The place of a finding; None where it is not known."""
    if outcome.status != "finding":
        return None
    for find in _WAYS.get(outcome.code, ()):
        place = find(outcome, history)
        if place is not None and place.at.file:
            return place
    return None


def _training_call(outcome: Outcome, history: ModelHistory) -> Place | None:
    """The call of the model in a step that trains: what runs outside of evaluation."""
    calls = [call for call in _calls_of(outcome, history) if call.context not in _EVALUATING]
    return _trained_call(calls, history)


def _inference_call(outcome: Outcome, history: ModelHistory) -> Place | None:
    """The same, of the calls that ran in inference mode; or what made them ask for it."""
    calls = [call for call in _calls_of(outcome, history) if call.mode != "training"]
    outside = [call for call in calls if call.context not in _EVALUATING]
    place = _trained_call(outside, history)
    return place and (beside(place, history, "switched", "false at ") or place)


def _trained_call(calls: Sequence[Call], history: ModelHistory) -> Place | None:
    """The call under a tape, before others that whose tape is asked for this model's gradient."""
    taped = [call for call in calls if call.context == "tape"]
    doubtful = [call for call in calls if call.context == "unknown"]
    own = {each.value for each in history.facts.code.statements if each.kind == "own_tape"}
    known = [call for call in taped if any(str(Place(at=line)) in own for line in call.stack)]
    place = _call(known or taped or doubtful or calls)
    return place and (beside(place, history, "own_tape") or place)


def _updating_evaluation(outcome: Outcome, history: ModelHistory) -> Place | None:
    """The call in training mode outside of a tape: in evaluation, where there is one."""
    calls = [call for call in _calls_of(outcome, history) if call.mode != "inference"]
    loops = [call for call in calls if call.context in _EVALUATING]
    return _call(loops or [call for call in calls if call.context in ("no_tape", "unknown")])


def _asked_in_evaluation(_: Outcome, history: ModelHistory) -> Place | None:
    """A line that asks for training mode outside of a tape: of a trace that was not seen."""
    asked = [
        each.line
        for each in history.facts.code.statements
        if (each.kind, each.value) in (("asked", "true"), ("default", "true"))
    ]
    own = [line for line in asked if line.function in ("test_step", "predict_step")]
    found = own or asked
    return Place(at=found[0]) if len(found) == 1 else None


def _trainable(outcome: Outcome, history: ModelHistory) -> Place | None:
    """The line that set `trainable` as it was set last."""
    value = str(bool(outcome.evidence.get("trainable_as_set"))).lower()
    return only(history, "trainable", value)


def _statement(kind: str, value: str | None = None) -> Way:
    def find(_: Outcome, history: ModelHistory) -> Place | None:
        return only(history, kind, value)

    return find


def _asked_in_graph(outcome: Outcome, history: ModelHistory) -> Place | None:
    """The line that builds the graph with `training` set: not seen to run, and so read."""
    graph = [call for call in _calls_of(outcome, history) if call.reason == "graph"]
    values = {call.training_argument for call in graph}
    return only(history, "asked", values.pop()) if len(values) == 1 else None


def _layer(outcome: Outcome, history: ModelHistory) -> Place | None:
    """The line that makes the layers, if it may be: their momentum is that which it gives."""
    momenta = {layer.momentum for layer in layers_of(outcome, history)}
    return only_of(
        [
            each.line
            for each in history.facts.code.statements
            if each.kind == "layer" and (not each.value or momenta == {number(each.value)})
        ],
        history,
    )


def _all_layers(outcome: Outcome, history: ModelHistory) -> Place | None:
    """The first line that makes a layer, where all layers are meant, and all lines fit them."""
    made = [each for each in history.facts.code.statements if each.kind == "layer"]
    momenta = {layer.momentum for layer in layers_of(outcome, history)}
    fit = all(not each.value or momenta == {number(each.value)} for each in made)
    every = len(set(outcome.layers)) == len(history.facts.layers) >= len(made) > 1
    return first_of([each.line for each in made], history) if fit and every else None


def _lambda(outcome: Outcome, history: ModelHistory) -> Place | None:
    """The function of a `Lambda` that calls a layer which the model does not have."""
    holders = {path.rpartition("/")[0] for path in outcome.layers}
    return only(history, "lambda", holders.pop()) if len(holders) == 1 else None


def _frozen(outcome: Outcome, history: ModelHistory) -> Place | None:
    """The line that froze what does not train."""
    return only(history, "trainable", "false") if "frozen_executions" in outcome.evidence else None


def _at_rest(outcome: Outcome, history: ModelHistory) -> Place | None:
    """The schedule of a learning rate that is 0 all the time."""
    at_zero = outcome.evidence.get("learning_rate_is_0")
    return only(history, "schedule", None) if at_zero else None


def _virtual(outcome: Outcome, history: ModelHistory) -> Place | None:
    """The line that asks for virtual batches."""
    sizes = {str(layer.virtual_batch) for layer in layers_of(outcome, history)} - {"None"}
    return only(history, "virtual_batch_size", sizes.pop()) if len(sizes) == 1 else None


def _one_of_several(outcome: Outcome, history: ModelHistory) -> Place | None:
    """The line that makes the one layer which is unlike the others, known by its name."""
    if len(outcome.layers) != 1 or len(history.facts.layers) == 1:
        return None
    return only(history, "named", outcome.layers[0].rpartition("/")[2])


def _pairing(outcome: Outcome, history: ModelHistory) -> Place | None:
    """The line within the loss at which its rows meet the rows of others."""
    of = outcome.evidence.get("pairs_of")
    if of is not None and PAIRS_OF[int(float(of))] == "targets":
        return slips.target(outcome, history)  # they met before the loss was called
    for find in (_paired_at, *_LOSS):
        place = find(outcome, history)
        if place is not None:
            return place
    return None


def _paired_at(outcome: Outcome, history: ModelHistory) -> Place | None:
    name = outcome.evidence.get("loss")
    return one_of([loss.paired_at for loss in losses_of(history) if loss.name == name], history)


def _reduction(_: Outcome, history: ModelHistory) -> Place | None:
    """The line that asks for a sum, or for what is decided elsewhere."""
    return only(history, "reduction", "sum") or only(history, "reduction", "")


def _own_loss(_: Outcome, history: ModelHistory) -> Place | None:
    """The `return` of a loss that the user wrote."""
    return one_of([loss.line for loss in losses_of(history)], history)


def _calls_of(outcome: Outcome, history: ModelHistory) -> list[Call]:
    wanted = set(outcome.layers)
    return [
        call
        for call in history.calls
        if call.stack and (not wanted or history.facts.layers[call.layer].path in wanted)
    ]


def _call(calls: Sequence[Call]) -> Place | None:
    """The line that most of the calls share: the one that asked for a mode, or called the model."""
    found = Counter(place for call in calls if (place := _asking(call)) is not None)
    return found.most_common(1)[0][0] if found else None


def _asking(call: Call) -> Place | None:
    given = call.training_argument in ("true", "false")
    for at, line in enumerate(call.stack):
        if not line.depth or (given and call.reason != "default" and _ASKS.search(line.text)):
            return Place(at=line, callers=callers_of(line, call.stack[at + 1 :]))
    return None


_COMPILED: Final[tuple[Way, ...]] = (_statement("loss_function"), _statement("compile"))
_LOSS: Final[tuple[Way, ...]] = (_own_loss, _statement("loss"), *_COMPILED)
_STEP: Final[tuple[Way, ...]] = (_statement("loss"), *_COMPILED)
_REDUCED: Final[tuple[Way, ...]] = (_own_loss, _reduction, *_LOSS)


def _reduced(outcome: Outcome, history: ModelHistory) -> Place | None:
    """The line that reduces a loss: that of the loop, where it has one of its own."""
    ways = _REDUCED
    if outcome.code == "LR110":
        ways = _STEP
    if outcome.evidence.get("reduced_by_loop"):
        place = only(history, "loss", None)  # another line may scale what is differentiated
        return place if place is not None and _REDUCES.search(place.text) else None
    return next((place for way in ways if (place := way(outcome, history)) is not None), None)


_WAYS: Final[Mapping[str, tuple[Way, ...]]] = {
    "BN101": (_inference_call,),
    "BN102": (_asked_in_graph, _inference_call),
    "BN103": (_statement("asked", "false"),),
    "BN104": (_asked_in_graph, _updating_evaluation, _asked_in_evaluation),
    "BN105": (_trainable,),
    "BN106": (_statement("call"),),
    "BN107": (_statement("layer_call"),),
    "BN108": (_training_call,),
    "BN109": (_inference_call,),
    "BN110": (slips.called_again,),
    "BN111": (slips.overwritten,),
    "BN112": (_frozen, _at_rest),
    "BN201": (option("momentum"), _one_of_several, _layer, _all_layers),
    "BN202": (_asked_in_graph, slips.misfit),
    "BN203": (_virtual, _one_of_several, _training_call),
    "BN204": (slips.broken,),
    "BN205": (_layer,),
    "BN207": (slips.written,),
    "BN208": (slips.apart,),
    "BN209": (slips.miswritten, _statement("layer_call")),
    "BN210": (option("momentum"), _layer),
    "BN211": (_layer,),
    "BN212": (_layer,),
    "BN213": (option("epsilon"), _layer),
    "BN214": (_lambda,),
    "LR101": (_reduced,),
    "LR102": (_reduced,),
    "LR103": _STEP,
    "LR104": (_pairing,),
    "LR105": _STEP,
    "LR106": _STEP,
    "LR107": (_statement("returned"), *_STEP),
    "LR108": (_statement("compile"),),
    "LR110": (_reduced,),
    "LR111": _LOSS,
    "LR112": (_statement("from_logits"), *_LOSS),
    "LR113": (_statement("applied"), *_STEP),
}
