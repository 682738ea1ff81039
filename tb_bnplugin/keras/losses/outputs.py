"""A loss of several outputs taken apart: each output is measured by itself, under its own name.

As `compile` has it, a loss may be one for all outputs, or a dict or list of one for each; None is
no loss. A function of the program's own that is given all outputs at once is measured as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tb_bnplugin.keras.losses.candidates import class_of_function
from tb_bnplugin.keras.losses.options import LossOptions
from tb_bnplugin.keras.losses.resolve import check_losses, resolve
from tb_bnplugin.keras.losses.structure import Path, is_structure, leaves
from tb_bnplugin.printed import error_line
from tb_bnplugin.schema.facts import LossFacts

Measure = Callable[[Any, Any, Any, LossOptions], tuple[Any, LossFacts]]
"""`measure`, or `measure_in_graph`."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The measurements of the outputs, and why there is none of others."""

    found: list[tuple[Any, LossFacts]] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)  # why, by name


@dataclass(frozen=True, kw_only=True)
class Part:
    """The loss of one output."""

    loss: Any
    labels: Any
    predictions: Any
    options: LossOptions  # with its own name, weights and value


def check_known(loss: Any, keras: Any = None) -> None:
    """Refuse what is no loss, before anything is measured.

    Raises:
        TypeError: `loss` is neither a loss nor a dict or list of losses.
        ValueError: a name that Keras does not know.
    """
    check_losses(loss)
    for _, each in leaves(loss):
        if each is not None:
            resolve(each, keras)


def measure_outputs(
    loss: Any, y_true: Any, y_pred: Any, options: LossOptions, measure: Measure
) -> Measured:
    """Measure each output. What cannot be measured is left out, with the reason: nothing raises."""
    measured = Measured()
    try:
        if is_structure(y_pred) and _takes_all_at_once(loss, options):
            whole = _attempt(measure, loss, y_true, y_pred, options)
            if whole is not None:
                return Measured(found=[whole])
        parts = parts_of(loss, y_true, y_pred, options)
    except Exception as error:  # noqa: BLE001  # structures that do not belong together
        return Measured(skipped={options.name: error_line(error)})
    for part in parts:
        try:
            given = (part.loss, part.labels, part.predictions, part.options)
            measured.found.append(measure(*given))
        except Exception as error:  # noqa: BLE001  # one output alone
            measured.skipped[part.options.name] = error_line(error)
    if not parts:
        measured.skipped[options.name] = "no output has both a loss and labels"
    return measured


def parts_of(loss: Any, y_true: Any, y_pred: Any, options: LossOptions) -> list[Part]:
    """The outputs that have a loss and labels, in the order of the predictions.

    Raises:
        ValueError: labels, losses or weights are not of the outputs that the predictions are of.
    """
    outputs = leaves(y_pred)
    names = _names(outputs, options)
    labels = _by_output(y_true, "y_true", names)
    losses = _by_output(loss, "loss", names, shared=True)
    weights = _by_output(options.sample_weight, "sample_weight", names, shared=True)
    values = _values(options.value, names)
    return [
        Part(
            loss=losses[at],
            labels=labels[at],
            predictions=predictions,
            options=replace(
                options,
                name=options.name if len(outputs) == 1 else f"{options.name}/{names.each[at]}",
                sample_weight=weights[at],
                value=values[at],
            ),
        )
        for at, (_, predictions) in enumerate(outputs)
        if losses[at] is not None and labels[at] is not None
    ]


def _attempt(measure: Measure, *given: Any) -> tuple[Any, LossFacts] | None:
    try:
        return measure(*given)
    except Exception:  # noqa: BLE001  # then it is a loss of one output, as `compile` takes it
        return None


def _takes_all_at_once(loss: Any, options: LossOptions) -> bool:
    """True of a callable of the program's own: Keras' losses are of one output."""
    if is_structure(loss) or isinstance(loss, str):
        return False
    resolved = resolve(loss, options.keras)
    if resolved.per_element is not None:
        return False
    return class_of_function(resolved.flavour.keras.losses, loss) is None


@dataclass(frozen=True, kw_only=True)
class _Names:
    """The names of the outputs, and whether their order is known too."""

    each: tuple[str, ...]
    in_order: bool

    def __len__(self) -> int:
        return len(self.each)

    def __str__(self) -> str:
        return ", ".join(self.each) or "of one tensor"


def _names(outputs: list[tuple[Path, Any]], options: LossOptions) -> _Names:
    in_order = all(len(path) == 1 and isinstance(path[0], int) for path, _ in outputs)
    each = tuple("/".join(map(str, path)) for path, _ in outputs)
    if in_order and len(options.output_names) == len(outputs):
        each = tuple(map(str, options.output_names))
    return _Names(each=each, in_order=in_order)


def _by_output(given: Any, what: str, names: _Names, *, shared: bool = False) -> list[Any]:
    """The value for each output: by its name or path, or by its place; None: nothing."""
    if not is_structure(given):
        if len(names) == 1 or shared or given is None:
            return [given] * len(names)
        raise ValueError(f"y_pred has the outputs {names}, and {what} is one")
    parts = {"/".join(map(str, path)): part for path, part in leaves(given)}
    if len(parts) == len(names) == 1:
        return list(parts.values())
    if set(parts) <= set(names.each) or set(parts) >= set(names.each):
        return [parts.get(name) for name in names.each]
    if names.in_order and not isinstance(given, Mapping) and len(parts) == len(names):
        return list(parts.values())
    raise ValueError(f"y_pred has the outputs {names}, and {what} has {', '.join(parts) or 'none'}")


def _values(value: Any, names: _Names) -> list[Any]:
    """The differentiated value of each output; one value is that of all, and of none by itself."""
    if len(names) == 1:
        return [value]
    if isinstance(value, (list, tuple)) and len(value) == len(names):
        return list(value)
    return _by_output(value if is_structure(value) else None, "value", names)
