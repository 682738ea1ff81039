"""Questions about the moving statistics."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tb_bnplugin.doctor.bench import MEAN, Bench, X, Y, number
from tb_bnplugin.doctor.question import Question, Value, yes_no
from tb_bnplugin.printed import num

TIMES: Final = 3


def time_distributed(bench: Bench) -> float:
    """TimeDistributed over three time steps that are alike, one step of fit."""
    bn, inputs = bench.bn(), bench.input(TIMES, 1)
    model = bench.keras.Model(inputs, bench.keras.layers.TimeDistributed(bn)(inputs))
    bench.fit(bench.compiled(model), *(np.stack([rows] * TIMES, axis=1) for rows in (X, Y)))
    return bench.updates(bn)


def shared_layer(bench: Bench) -> float:
    """A layer that a graph calls twice on the same input, one step of fit."""
    bn = bench.bn()
    bench.fit(bench.functional(lambda x: bn(x) + bn(x)))
    return bench.updates(bn)


def float16_policy(bench: Bench) -> str:
    """Moving mean under the policy float16."""
    return _statistics_dtype(bench, "float16")


def bfloat16_policy(bench: Bench) -> str:
    """Moving mean under the policy bfloat16."""
    return _statistics_dtype(bench, "bfloat16")


def mixed_policy(bench: Bench) -> str:
    """Moving mean under the policy mixed_bfloat16."""
    return _statistics_dtype(bench, "mixed_bfloat16")


def bessel_of_images(bench: Bench) -> bool:
    """Two values a channel, in images (which have a kernel of their own)."""
    return _stores_unbiased(bench, np.reshape([3.0, 5.0], (2, 1, 1, 1)))


def bessel_of_rows(bench: Bench) -> bool:
    """Two values a channel, in rows."""
    return _stores_unbiased(bench, np.reshape([3.0, 5.0], (2, 1)))


def mask_left_out(bench: Bench) -> bool:
    """One time step of two is masked, a training call."""
    layers, bn = bench.keras.layers, bench.bn()
    inputs = bench.input(2, 1)
    model = bench.keras.Model(inputs, bn(layers.Masking(0.0)(inputs)))
    model(bench.tf.constant([[[MEAN], [0.0]]]), training=True)
    return bench.updates(bn) == 1


def momentum_outside(bench: Bench) -> bool:
    """A layer with momentum 1.1 makes one update."""
    bn = bench.bn(momentum=1.1)
    bn(bench.rows(), training=True)
    return bool(number(bn.moving_mean) < 0.0)


def has_synchronized(bench: Bench) -> bool:
    """The argument `synchronized` of the layer."""
    return _accepts(bench, synchronized=True)


def has_renorm(bench: Bench) -> bool:
    """The argument `renorm` of the layer."""
    return _accepts(bench, renorm=True)


def has_learning_phase(bench: Bench) -> bool:
    """`keras.backend.set_learning_phase`."""
    return hasattr(bench.keras.backend, "set_learning_phase")


def unbuilt_statistics(bench: Bench) -> bool:
    """The attribute `moving_mean` of a layer that was never called."""
    return hasattr(bench.keras.layers.BatchNormalization(), "moving_mean")


def _accepts(bench: Bench, **options: Any) -> bool:
    try:
        bench.bn(**options)
    except (TypeError, ValueError):
        return False
    return True


def _statistics_dtype(bench: Bench, policy: str) -> str:
    keras = bench.keras
    named = getattr(keras, "DTypePolicy", None) or keras.mixed_precision.Policy
    bn = bench.bn(dtype=named(policy))
    bn.build((None, 1))
    return str(bench.tf.as_dtype(bn.moving_mean.dtype).name)


def _stores_unbiased(bench: Bench, values: Any) -> bool:
    bn = bench.bn(momentum=0.0)
    bn(bench.tf.constant(values, bench.tf.float32), training=True)
    variance = float(number(bn.moving_variance))
    biased, unbiased = float(values.var()), float(values.var(ddof=1))
    if abs(variance - biased) > 1e-3 < abs(variance - unbiased):
        raise ValueError(f"the stored variance {variance} is neither {biased} nor {unbiased}")
    return abs(variance - unbiased) <= 1e-3


def _per_call(value: Value) -> str:
    if value == 1:
        return "One update a call, from all time steps together."
    return (
        "One update for each time step, from that step's values only: the average is short, and"
        " a lower share of it is older than one batch."
    )


def _of_precision(value: Value) -> str:
    if value == "float32":
        return "The statistics keep full precision."
    return f"Statistics in {value} stop moving once their steps fall below its resolution."


QUESTIONS: Final = (
    Question(
        name="time_distributed_updates_per_call",
        asks=f"How many updates does TimeDistributed make over {TIMES} time steps?",
        measure=time_distributed,
        means=_per_call,
    ),
    Question(
        name="shared_layer_updates_per_step",
        asks="How many updates a step does a layer make that is called twice?",
        measure=shared_layer,
        means=lambda value: (
            f"Sharing a layer makes {num(float(value))} updates of one set of statistics."
        ),
    ),
    Question(
        name="half_policy_statistics_dtype",
        asks="What dtype do moving statistics have under the policy float16?",
        measure=float16_policy,
        means=_of_precision,
    ),
    Question(
        name="bfloat16_policy_statistics_dtype",
        asks="What dtype do moving statistics have under the policy bfloat16?",
        measure=bfloat16_policy,
        means=_of_precision,
    ),
    Question(
        name="mixed_policy_statistics_dtype",
        asks="What dtype do moving statistics have under the policy mixed_bfloat16?",
        measure=mixed_policy,
        means=_of_precision,
    ),
    Question(
        name="moving_variance_bessel",
        asks="Is the stored variance of images the unbiased one, divided by n - 1?",
        measure=bessel_of_images,
        means=yes_no(
            yes="With few values per channel the stored variance is above the one normalized by.",
            no="The stored variance is the one that training normalizes by.",
        ),
    ),
    Question(
        name="moving_variance_bessel_rows",
        asks="Is the stored variance of rows the unbiased one, divided by n - 1?",
        measure=bessel_of_rows,
        means=yes_no(
            yes="With few rows the stored variance is above the one normalized by.",
            no="The stored variance is the one that training normalizes by.",
        ),
    ),
    Question(
        name="mask_left_out_of_statistics",
        asks="Are masked time steps left out of the statistics?",
        measure=mask_left_out,
        means=yes_no(
            yes="Padding does not enter the statistics.",
            no="Padding enters the statistics: mask what is averaged by hand.",
        ),
    ),
    Question(
        name="momentum_outside_0_1_accepted",
        asks="Is a momentum of 1.1 accepted?",
        measure=momentum_outside,
        means=yes_no(
            yes="A mistyped momentum raises nothing, and the variance turns negative.",
            no="A mistyped momentum is refused.",
        ),
    ),
    Question(
        name="synchronized_available",
        asks="Does the layer have the argument `synchronized`?",
        measure=has_synchronized,
        means=yes_no(
            yes="Replicas can share the statistics of the whole batch.",
            no="Replicas normalize by their own part of the batch.",
        ),
    ),
    Question(
        name="renorm_available",
        asks="Does the layer have the argument `renorm`?",
        measure=has_renorm,
        means=yes_no(
            yes="Batch renormalization is there for small batches.",
            no="There is no batch renormalization for small batches.",
        ),
    ),
    Question(
        name="set_learning_phase_available",
        asks="Is there keras.backend.set_learning_phase?",
        measure=has_learning_phase,
        means=yes_no(
            yes="Old advice that names it can be followed.",
            no="Old advice that names it cannot be followed: pass `training` instead.",
        ),
    ),
    Question(
        name="unbuilt_layer_has_moving_mean",
        asks="Does a layer that was never called have the attribute moving_mean?",
        measure=unbuilt_statistics,
        means=yes_no(
            yes="The attribute is None until the layer is built.",
            no="Reading the attribute raises until the layer is built.",
        ),
    ),
)
