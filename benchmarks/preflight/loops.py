"""The step of a program's loop, found in its text: a function that it calls, or the body."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any, Final

_NAME: Final = "body_of_the_loop"
"""Of a function: a name that no program has for one that its loop calls."""

_STEPS: Final = ("step", "train_one", "learn")

_SCOPES: Final = (
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
    *(ast.FunctionDef, ast.Lambda),
)


def find_loop(tree: ast.AST, line: int) -> ast.For | None:
    """The innermost `for` over batches that begins at this line."""
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.For)
        and node.lineno <= line <= (node.iter.end_lineno or line)
        and "batches(" in ast.unparse(node.iter)
    ]
    return found[-1] if found else None


def bind(loop: ast.For, batch: Any, names: dict[str, Any]) -> None:
    """Give the names of the loop the values of its first turn."""
    pair = loop.target
    if isinstance(pair, ast.Tuple) and isinstance(pair.elts[-1], ast.Tuple):
        names[ast.unparse(pair.elts[0])] = 1
        pair = pair.elts[-1]
    if isinstance(pair, ast.Tuple):
        names.update(zip(map(ast.unparse, pair.elts), batch, strict=True))
    else:
        names[ast.unparse(pair)] = batch


def is_step(name: str, value: Any) -> bool:
    """True of a function by whose name a program says that it trains."""
    return callable(value) and any(part in name for part in _STEPS)


def find_call(body: Sequence[ast.stmt], names: Sequence[str]) -> ast.Call | None:
    """The first call of one of these functions in a body, without named arguments."""
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in names:
                return None if node.keywords else node
    return None


def values_of(call: ast.Call, names: dict[str, Any]) -> tuple[Any, ...]:
    """What a call hands over, by the values of names.

    Raises:
        NameError: it names something that is not made yet.
    """
    given = "".join(f"{ast.unparse(each)}, " for each in call.args)
    return tuple(eval(f"({given})", names))


def recorded_in(loop: ast.For, names: dict[str, Any]) -> list[Any]:
    """The models that a loop hands to `bench.record`, as far as they have a name."""
    calls = [node for node in ast.walk(loop) if isinstance(node, ast.Call)]
    told = [each.args[0] for each in calls if ast.unparse(each.func) == "bench.record"]
    return [made for each in told if (made := _value(each, names)) is not None]


def told_of_the_loss(
    loop: ast.For, later: Sequence[ast.stmt], names: dict[str, Any]
) -> tuple[Any, Any]:
    """The labels and weights that a loop hands to `bench.loss_reduction`, if they are there yet.

    Args:
        loop: of a program.
        later: statements of its body that are still to run.
        names: values by now.
    """
    unknown = set(_assigned(later))
    for node in ast.walk(loop):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "bench.loss_reduction":
            weights = [each.value for each in node.keywords if each.arg == "sample_weight"]
            wanted = [*node.args[1:2], *weights]
            made = [None if _names_in(each) & unknown else _value(each, names) for each in wanted]
            y, weight = (*made, None, None)[:2]
            return y, weight
    return None, None


def _names_in(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _value(node: ast.expr, names: dict[str, Any]) -> Any:
    try:
        return eval(ast.unparse(node), names)
    except NameError:  # of another function
        return None


def body_as_step(loop: ast.For, frame: FrameType, file: str) -> Callable[..., Any] | None:
    """The body of the loop as a function of the batch, without what it tells the bench.

    What the body assigns lasts from one call to the next, as in the loop, and a number that the
    loop counts goes up by one with each.
    """
    pair, counter = loop.target, None
    if isinstance(pair, ast.Tuple) and isinstance(pair.elts[-1], ast.Tuple):
        counter, pair = ast.unparse(pair.elts[0]), pair.elts[-1]
    if not isinstance(pair, ast.Tuple):
        return None
    names = [ast.unparse(each) for each in pair.elts]
    kept = [each for each in loop.body if not ast.unparse(each).startswith("bench.")]
    made = ast.parse(f"def {_NAME}({', '.join(names)}):\n    pass")
    function = made.body[0]
    assert isinstance(function, ast.FunctionDef)
    lasting = sorted(set(_assigned(kept)) - set(names) | ({counter} if counter else set()))
    begin = f"global {', '.join(lasting)}\n" if lasting else ""
    begin += f"{counter} += 1\n" if counter else ""
    function.body = [*ast.parse(begin).body, *kept]
    held = {**frame.f_globals, **frame.f_locals, "step": 1}
    if counter:
        held[counter] = 0
    exec(compile(made, file, "exec"), held)
    step: Callable[..., Any] = held[_NAME]
    return step


def _assigned(body: Sequence[ast.stmt]) -> Iterator[str]:
    """The names that a body gives values; those within comprehensions are their own."""
    nodes: list[ast.AST] = list(body)
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        if not isinstance(node, _SCOPES):
            nodes += ast.iter_child_nodes(node)
