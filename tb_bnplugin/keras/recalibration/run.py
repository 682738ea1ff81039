"""Moving statistics estimated anew from data: precise batch normalization."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import tensorflow as tf

from tb_bnplugin.errors import NotBuiltError
from tb_bnplugin.keras.flavour import flavour_of, is_keras_own
from tb_bnplugin.keras.losses.resolve import check_losses
from tb_bnplugin.keras.model.layers import batch_norm_layers
from tb_bnplugin.keras.probe.preserve import variables_preserved
from tb_bnplugin.keras.recalibration import writing
from tb_bnplugin.keras.recalibration.batches import Batches
from tb_bnplugin.keras.recalibration.estimate import Estimate, Found
from tb_bnplugin.keras.watched_layers import strategy_of
from tb_bnplugin.measure.other_scale import scale_of
from tb_bnplugin.measure.recalibration import RecalibratedLayer, Recalibration, worse

FROZEN: Final = "frozen: frozen=True recalibrates them too"
OWN_CALL: Final = "a `call` that is not Keras' own decides what they normalize"
NOT_BUILT: Final = "not built"
NEVER_RAN: Final = "not called in the passes"
"""Why a layer is left as it is."""


def recalibrate(
    model: Any,
    data: Any,
    steps: int | None = None,
    *,
    loss: Any = None,
    exact: bool = False,
    frozen: bool = False,
    only_if_better: bool = True,
    dry_run: bool = False,
    batch_size: int = 32,
    verbose: bool = True,
) -> Recalibration:
    """Estimate the moving statistics of batch normalization anew from data ("precise BN").

    The weights are not trained. The model runs in inference mode (dropout is off), each layer
    normalizes with the statistics of the batch, and the mean and variance of all values that
    enter it become its moving mean and variance. The variance of all values is the mean of the
    variances of the batches plus the variance of their means, weighted by their counts.

    Nothing else is changed: weights, momentum, optimizer, metrics and seeds are as before, bit for
    bit, also where this raises. Nothing at all is changed where the model would be worse for it on
    some batches of the data that are held for that: by the loss where there are labels, else by
    the accuracy, else by how far the outputs are from those with batch statistics.

    Data that seem to be of another scale than those of the training (`x` for `x / 255`) are a
    `UserWarning`, and `warning` of the result.

    Args:
        model: a built Keras model, compiled or not. Under `MirroredStrategy` all replicas get the
            same statistics.
        data: a `tf.data.Dataset`, a generator, a Keras `Sequence` or `PyDataset`, or a list, of
            batches `x`, `(x, y)` or `(x, y, sample_weight)`; or arrays, which are cut into
            batches. Take what the model will be used on, prepared in the same way, shuffled, in
            batches as in training: some thousand rows are enough. Labels are only needed for the
            loss.
        steps: batches to take; all if None.
        loss: for the score, as for `summary.loss_reduction`; the compiled loss if None.
        exact: False: one pass, in which the layers before a layer normalize with the statistics
            of each batch (as in fvcore and PyTorch). True: layer by layer, in one pass for each
            layer that lies behind another: the layers before it already have their new
            statistics. Needs data that can be gone through several times.
        frozen: recalibrate layers with `trainable=False` too. By default they are left as they
            are, since they keep the statistics with which their weights were made.
        only_if_better: False: take the new statistics in any case that they are finite.
        dry_run: only report.
        batch_size: rows of a batch, where `data` are arrays.
        verbose: print progress on the standard error where it takes longer than some seconds.

    Returns:
        What was changed, and the score in inference mode before and after: print it.

    Raises:
        TypeError: `model` is no Keras model, `data` or another argument is of a wrong type.
        NotBuiltError: the model has no variables yet (a ValueError).
        ValueError: the model has no batch normalization layer that is to be recalibrated, there
            is no batch, `steps` is below 1, or `exact` is asked of a generator.
        RuntimeError: called inside a `tf.function`, or a layer runs within one of the model's own.

    Example:
        result = tb_bnplugin.recalibrate(model, train_dataset, steps=200)
        print(result)
    """
    flavour = flavour_of(model)
    _check(model, steps, batch_size, loss)
    chosen = _choose(model, frozen=frozen)
    batches = Batches(flavour, data, batch_size, steps)
    if exact and batches.once:
        raise ValueError(
            "exact=True goes through the data several times, and a generator gives them once: take"
            " a tf.data.Dataset, a Sequence or arrays, or leave exact=False"
        )
    with variables_preserved(model):
        found = Estimate(flavour, model, chosen.layers, batches, loss).run(
            exact=exact, quiet=not verbose
        )
    reason = _why_not(found, only_if_better=only_if_better, dry_run=dry_run)
    if reason is None:
        reason = writing.write(model, chosen.layers, found.statistics)
    result = _result(model, chosen, found, reason)
    if result.warning is not None:
        warnings.warn(f"tb_bnplugin: {result.warning}", UserWarning, stacklevel=2)
    return result


@dataclass(frozen=True, kw_only=True)
class _Chosen:
    layers: dict[str, Any]  # by path
    left: Mapping[str, str]  # the others, with the reason


def _check(model: Any, steps: Any, batch_size: Any, loss: Any) -> None:
    if not tf.executing_eagerly():
        raise RuntimeError("recalibrate runs the model itself: call it outside of tf.function")
    for name, value in (("steps", steps), ("batch_size", batch_size)):
        if value is None and name == "steps":
            continue
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise TypeError(f"{name} must be a whole number; received {value!r}")
        if value < 1:
            raise ValueError(f"{name} must be at least 1; received {value}")
    if loss is not None:
        check_losses(loss)
    if not model.built:
        raise NotBuiltError(
            f"the model {model.name!r} is not built yet: call it on a batch, or load weights, first"
        )
    strategy = strategy_of(model)
    several = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
    if several and strategy.num_replicas_in_sync > len(strategy.extended.worker_devices):
        raise ValueError(
            "recalibrate runs in one process, and this model has replicas in several: save it,"
            " and recalibrate the saved model (`tb-bnplugin recalibrate`)"
        )


def _choose(model: Any, *, frozen: bool) -> _Chosen:
    layers: dict[str, Any] = {}
    left: dict[str, str] = {}
    for path, layer in batch_norm_layers(model):
        reason = _why_left(layer, frozen=frozen)
        if reason is None:
            layers[path] = layer
        else:
            left[path] = reason
    if not layers:
        if not left:
            raise ValueError(f"the model {model.name!r} has no batch normalization layer")
        reasons = "; ".join(dict.fromkeys(left.values()))
        raise ValueError(
            f"none of the {len(left)} batch normalization layers of {model.name!r} can be"
            f" recalibrated ({reasons})"
        )
    return _Chosen(layers=layers, left=left)


def _why_left(layer: Any, *, frozen: bool) -> str | None:
    if getattr(layer, "moving_mean", None) is None:
        return NOT_BUILT
    if not is_keras_own(type(layer), "call"):
        return OWN_CALL
    return FROZEN if not layer.trainable and not frozen else None


def _why_not(found: Found, *, only_if_better: bool, dry_run: bool) -> str | None:
    for path, statistics in found.statistics.items():
        if not np.isfinite(statistics).all():
            return f"what enters {path} is not finite"
    if not found.statistics:
        return "no layer was reached in the passes"
    if only_if_better and (reason := worse(found.before, found.after)) is not None:
        return reason
    return "dry_run=True" if dry_run else None


def _result(model: Any, chosen: _Chosen, found: Found, reason: str | None) -> Recalibration:
    scales = {
        path: scale_of(found.old[path], found.statistics[path])
        for path in found.first
        if path in found.statistics
    }
    never = {path: NEVER_RAN for path in chosen.layers if path not in found.statistics}
    return Recalibration(
        model=str(model.name),
        layers=tuple(
            RecalibratedLayer.compare(
                path,
                found.values[path],
                found.old[path],
                new,
                float(getattr(chosen.layers[path], "epsilon", 1e-3)),
            )
            for path, new in found.statistics.items()
        ),
        left={**chosen.left, **never},
        batches=found.batches,
        rows=found.rows,
        passes=found.passes,
        before=found.before,
        after=found.after,
        batch=found.batch,
        applied=reason is None,
        reason=reason,
        other_scale={path: times for path, times in scales.items() if times is not None},
    )
