"""A comparison of two runs as a reader wants it: one sentence first, then what was compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tb_bnplugin.dashboard.payload.steps import Said, name, say_steps
from tb_bnplugin.dashboard.payload.values import Json
from tb_bnplugin.diagnose import Outcome
from tb_bnplugin.diagnose.views.words import plural
from tb_bnplugin.history.model import ModelHistory


def sentence(
    models: tuple[ModelHistory, ModelHistory],
    outcomes: tuple[Sequence[Outcome], Sequence[Outcome]],
    compared: Iterable[Outcome],
    only: tuple[Sequence[str], Sequence[str]],
) -> Json:
    """Differences between two runs, what is the same in both, and what was not compared.

    Args:
        models: both runs.
        outcomes: what the rules say of either.
        compared: what the CR rules say.
        only: layers that only one has.
    """
    said = Said()
    by_code = {outcome.code: outcome for outcome in compared}
    say_steps(said, *models, by_code.get("CR101"))
    _say_modes(said, by_code.get("CR102"))
    _say_layers(said, models, only)
    _say_findings(said, models, outcomes)
    if said.differs:
        words = " ".join(said.differs)
    elif said.same:
        words = f"Nothing that was compared differs: {_listed(said.same)}."
        said.same.clear()
    else:
        words = "Nothing could be compared."
    return {"sentence": words, "same": said.same, "not_compared": said.not_compared}


def _say_modes(said: Said, modes: Outcome | None) -> None:
    if modes is not None and modes.status == "finding":
        said.differs.append(modes.message)
    elif modes is not None and modes.status == "ok":
        said.same.append("the modes of the layers")
    else:
        reason = "" if modes is None else (modes.reason or "").rstrip(".")
        said.not_compared.append(f"the modes of the layers{f': {reason}' if reason else ''}")


def _say_layers(
    said: Said,
    models: tuple[ModelHistory, ModelHistory],
    only: tuple[Sequence[str], Sequence[str]],
) -> None:
    for model, paths in zip(models, only, strict=True):
        if paths:
            verb = "is" if len(paths) == 1 else "are"
            said.differs.append(f"{plural(len(paths), 'layer')} {verb} only in {name(model)}.")
    mine, yours = ({layer.path for layer in model.facts.layers} for model in models)
    if mine and not any(only):
        in_order = mine != yours
        what, how = ("sizes", ", paired in their order") if in_order else ("names", "")
        said.same.append(f"the {what} of {plural(len(mine), 'layer')}{how}")


def _say_findings(
    said: Said,
    models: tuple[ModelHistory, ModelHistory],
    outcomes: tuple[Sequence[Outcome], Sequence[Outcome]],
) -> None:
    """Findings that only one run has; where the other was not judged, that is no difference."""
    states = (_states(outcomes[0]), _states(outcomes[1]))
    judged = [code for code in states[0] if all(_is_judged(each.get(code)) for each in states)]
    differs = False
    for at, model in enumerate(models):
        mine, yours = states[at], states[1 - at]
        alone = [
            code
            for code, of in mine.items()
            if "finding" in of and "finding" not in yours.get(code, frozenset())
        ]
        names = {outcome.code: outcome.name for outcome in outcomes[at]}
        told = [f"{code} {names[code]}" for code in alone if code in judged]
        if told:
            differs = True
            said.differs.append(f"Found only in {name(model)}: {', '.join(told)}.")
        if left := [code for code in alone if code not in judged]:
            other = name(models[1 - at])
            said.not_compared.append(
                f"{', '.join(left)}, found in {name(model)}: not checked in {other}"
            )
    if judged and not differs:
        found = any("finding" in state[code] for state in states for code in judged)
        of = plural(len(judged), "rule")
        said.same.append(
            f"which of {of} found something" if found else f"that none of {of} found anything"
        )


def _states(outcomes: Iterable[Outcome]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for outcome in outcomes:
        state = "expected" if outcome.status == "finding" and outcome.expected else outcome.status
        found[outcome.code] = found.get(outcome.code, frozenset()) | {state}
    return found


def _is_judged(states: frozenset[str] | None) -> bool:
    return bool(states and states & {"ok", "finding", "expected"})


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
