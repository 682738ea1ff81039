"""A preflight of a model and data that functions of the user's give."""

from __future__ import annotations

from typing import Any, Final

import tensorflow as tf

from tb_bnplugin.errors import SavedModelError
from tb_bnplugin.keras.flavour import flavour_of
from tb_bnplugin.keras.named import call_function, load_function
from tb_bnplugin.keras.probe.held_batch import take_batch
from tb_bnplugin.preflights.ahead import BATCH_SIZE, some_rows
from tb_bnplugin.preflights.built import is_built
from tb_bnplugin.preflights.preflight import preflight
from tb_bnplugin.preflights.report import PreflightReport
from tb_bnplugin.printed import error_line

_GIVES_BATCHES: Final = ("element_spec", "__next__", "on_epoch_end")


def preflight_named(
    model: str, data: str, *, rows: int | None = None, **options: Any
) -> PreflightReport:
    """Say what training will do.

    Args:
        model: "module:function" of what gives a compiled model, or a pair (model, train_step).
        data: "module:function" of what gives a dataset of batches, or arrays.
        rows: of the batch, where there are arrays.
        options: as for `preflight`.

    Raises:
        SavedModelError: a function cannot be used, or training raises.
    """
    made = call_function(load_function(model, "MODEL"), model)
    given = call_function(load_function(data, "--data"), data)
    found, step = made if isinstance(made, tuple) and len(made) == 2 else (made, None)
    try:
        flavour_of(found)
        x, y, weights = (*_batch(given, rows or BATCH_SIZE), None, None)[:3]
        if not is_built(found):
            found(tf.nest.map_structure(tf.convert_to_tensor, x))  # nothing is put back after it
        return preflight(found, x, y, step, sample_weight=weights, **options)
    except Exception as error:
        raise SavedModelError(error_line(error)) from error


def _batch(given: Any, rows: int) -> tuple[Any, ...]:
    whole = isinstance(given, (tuple, list))
    if not whole and not any(hasattr(given, name) for name in _GIVES_BATCHES):
        raise TypeError(
            "the data must be a dataset of batches (x, y), or arrays (x, y); received"
            f" {type(given).__name__}"
        )
    return some_rows(tuple(given), rows, shuffled=True) if whole else take_batch(given)
