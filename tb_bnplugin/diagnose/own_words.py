"""Fixes in the functions that the program itself uses: those of `keras.ops` instead of `tf`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from tb_bnplugin.diagnose.outcome import Place
from tb_bnplugin.diagnose.program import losses_of
from tb_bnplugin.history.model import Line, ModelHistory

_SAME: Final = {
    "abs": "abs",
    "cast": "cast",
    "equal": "equal",
    "reduce_mean": "mean",
    "reduce_sum": "sum",
    "reshape": "reshape",
    "shape": "shape",
    "sign": "sign",
    "square": "square",
    "squeeze": "squeeze",
    "stop_gradient": "stop_gradient",
}
"""The names in `keras.ops` of functions of `tf` that fixes use."""

_USUAL: Final = (
    *("abs", "cast", "clip", "concatenate", "equal", "exp", "expand_dims", "log", "log_softmax"),
    *("logsumexp", "matmul", "max", "maximum", "mean", "min", "minimum", "norm", "not_equal"),
    *("one_hot", "power", "relu", "reshape", "shape", "sigmoid", "sign", "softmax", "sqrt"),
    *("square", "squeeze", "stack", "stop_gradient", "sum", "take", "transpose", "where"),
)
"""Functions by which `keras.ops` is known: a list of the program's may be named `ops`, too."""

_TF: Final = re.compile(r"\btf\.")
_OPS: Final = re.compile(rf"(?<![\w.])((?:keras\.)?ops\.)(?:{'|'.join(_USUAL)})\(")
_FUNCTION: Final = re.compile(rf"\btf\.({'|'.join(_SAME)})\b")


def in_own_words(fix: str, place: Place | None, history: ModelHistory) -> str:
    """A fix as the program would write it; as it is, where `tf` is used or nothing is known.

    The line that has to change decides, then the lines beside it, then all others that were read.
    """
    if "tf." not in fix or not history.facts.keras_3:
        return fix
    ops = next((used for used in map(_used, _texts(place, history)) if used), "")
    if ops in ("", "tf."):
        return fix
    own = fix.replace("tf.add_n(", "sum(").replace("tf.float32", '"float32"')
    own = _FUNCTION.sub(lambda found: f"{ops}{_SAME[found[1]]}", own)
    return fix if re.search(r"\btf\.(?!function\b)", own) else own


def _texts(place: Place | None, history: ModelHistory) -> Iterator[str]:
    if place is not None:
        yield place.text
        yield "\n".join((*place.at.before, *place.at.after))
    yield "\n".join(line.text for line in _lines(history))


def _lines(history: ModelHistory) -> Iterable[Line]:
    for loss in losses_of(history):
        known = (loss.line, loss.measured_at, loss.paired_at)
        yield from (line for line in known if line is not None)
    yield from (each.line for each in history.facts.code.statements)


def _used(text: str) -> str:
    """The prefix that the text uses: "tf.", else "ops." or "keras.ops."; "" of neither."""
    if _TF.search(text):
        return "tf."
    found = _OPS.search(text)
    return found[1] if found else ""
