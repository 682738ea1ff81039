"""The programs that a twin runs: a step of `fit`, or one of the program's own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import MethodType
from typing import Any, Final

from tb_bnplugin.keras.flavour import Flavour, flavour_of
from tb_bnplugin.keras.losses.compiled import asked_losses, loss_container
from tb_bnplugin.twins.batch import Batch, distributed, iterator_of
from tb_bnplugin.twins.functions import is_traced_function

FIT: Final = "fit"
"""A step of `model.fit`."""

PLAIN: Final = "plain fit"
"""A step of `model.fit` without the model's own `train_step`."""

_POSITIONAL: Final = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
)


@dataclass(frozen=True, kw_only=True)
class Program:
    """One of the two steps."""

    name: str
    model: Any
    step: Callable[..., Any] | None  # None: of `fit`
    plain: bool = False  # of `fit`, without the model's own `train_step`

    def run(self, batch: Batch) -> Any:
        """Make the step; gives what it returns."""
        if self.step is None:
            return _run_fit(self.model, batch, plain=self.plain)
        return self.step(*_arguments(self.step, distributed(self.model, batch)))


def check_step(step: Any, batch: Batch) -> None:
    """Make sure that a step can be called with the batch.

    Raises:
        TypeError: it is no function, or takes other arguments; the text says what to hand over.
    """
    if not callable(step):
        raise TypeError(
            'train_step must be a function of a batch, "fit", or a pair of those; received'
            f" {step!r} ({type(step).__name__})"
        )
    _arguments(step, batch)


def check_compiled(model: Any) -> None:
    """Make sure that `fit` could train the model.

    Raises:
        ValueError: it is not compiled, or has no loss.
    """
    container = loss_container(model)
    flavour = flavour_of(model)
    losses = [] if container is None else asked_losses(flavour, container)
    if not losses or getattr(model, "optimizer", None) is None:
        bare = getattr(model, "optimizer", None) is None
        missing = "is not compiled" if bare else "is compiled without a loss"
        raise ValueError(
            f"the model {model.name!r} {missing}, so that there is nothing that fit would do:"
            " compile it with the optimizer and the loss that fit should use, or hand over two"
            " steps: twin(model, (first_step, second_step), x, y)"
        )


def _arguments(step: Any, batch: Batch) -> tuple[Any, ...]:
    if batch.given is not None:
        return batch.given if isinstance(batch.given, tuple) else (batch.given,)
    data = batch.data()
    function = step.python_function if is_traced_function(step) else step
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return data
    parameters = list(signature.parameters.values())
    needed = [p for p in parameters if p.default is p.empty and p.kind in _POSITIONAL]
    named = [p.name for p in parameters if p.default is p.empty and p.kind is p.KEYWORD_ONLY]
    several = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    most = sum(p.kind in _POSITIONAL for p in parameters)
    if not named and len(needed) <= len(data) and (several or most >= len(data)) and most != 1:
        return data
    if not named and len(needed) <= 1 <= most:
        return (data if len(data) > 1 else data[0],)
    raise TypeError(
        f"the step takes {signature}, and a twin calls it with (x, y), (x, y, sample_weight) or"
        " one argument, the tuple of these: hand over `lambda x, y: step(...)`, or what the step"
        " is to be called with as `batch=`"
    )


def _run_fit(model: Any, batch: Batch, *, plain: bool) -> Any:
    """One step as `fit` makes it, with the data distributed as `fit` does."""
    flavour = flavour_of(model)
    attributes = vars(model)  # past Keras' attribute tracking; all is put back by the caller
    if plain:
        attributes["train_step"] = MethodType(flavour.keras.Model.train_step, model)
    attributes["train_function"] = None
    attributes["_jit_compile"] = False
    strategy = model.distribute_strategy
    iterator = iterator_of(strategy, batch.data())
    with strategy.scope(), _as_compiled(flavour, model):
        if flavour.is_keras_3:
            attributes["steps_per_execution"] = 1
            if strategy.num_replicas_in_sync > 1:
                model._symbolic_build(data_batch=batch.data())
        elif getattr(model, "_steps_per_execution", None) is not None:
            model._steps_per_execution.assign(1)
        model.reset_metrics()
        model.make_train_function()
        return model.train_function(iterator)


@contextmanager
def _as_compiled(flavour: Flavour, model: Any) -> Iterator[None]:
    """tf_keras' `fit` gives every layer the `trainable` that it had at `compile`."""
    if flavour.is_keras_3:
        yield
        return
    from tf_keras.src.engine import training_utils

    with training_utils.RespectCompiledTrainableState(model):
        yield
