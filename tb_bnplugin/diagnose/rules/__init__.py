"""All rules, in the order in which they are run and shown."""

from __future__ import annotations

from collections import Counter
from typing import Final

from tb_bnplugin.diagnose.rule import ComparisonModule, RuleModule
from tb_bnplugin.diagnose.rules import (
    bn101_never_updated,
    bn102_inference_while_training,
    bn103_mode_override,
    bn104_updates_during_evaluation,
    bn105_stale_trainable,
    bn106_model_ignores_training,
    bn107_frozen_but_moving,
    bn108_several_updates_per_step,
    bn109_collapsed_outputs,
    bn110_never_called,
    bn111_no_gradient,
    bn112_never_trains,
    bn201_start_dominates,
    bn202_statistics_gap,
    bn203_few_values_per_channel,
    bn204_non_finite_statistics,
    bn205_low_precision_stall,
    bn206_replica_drift,
    bn207_lost_statistics,
    bn208_mode_gap,
    bn209_updates_lost,
    bn210_momentum_out_of_range,
    bn211_one_layer_several_distributions,
    bn212_wrong_axis,
    bn213_epsilon_dominates,
    bn214_untracked_layer,
    cr101_loss_scale_differs,
    cr102_mode_differs,
    lr101_loss_grows_with_batch,
    lr102_output_factor,
    lr103_vector_loss,
    lr104_label_broadcast,
    lr105_replica_factor,
    lr106_regularizer_missing,
    lr107_logged_not_optimized,
    lr108_metric_resolved,
    lr109_partial_batch,
    lr110_gradient_factor,
    lr111_padding_averaged,
    lr112_logits_mismatch,
    lr113_gradients_summed,
    rc101_not_recorded,
)

RULES: Final[tuple[RuleModule, ...]] = (
    bn101_never_updated,
    bn102_inference_while_training,
    bn103_mode_override,
    bn104_updates_during_evaluation,
    bn105_stale_trainable,
    bn106_model_ignores_training,
    bn107_frozen_but_moving,
    bn108_several_updates_per_step,
    bn109_collapsed_outputs,
    bn110_never_called,
    bn111_no_gradient,
    bn112_never_trains,
    bn201_start_dominates,
    bn202_statistics_gap,
    bn203_few_values_per_channel,
    bn204_non_finite_statistics,
    bn205_low_precision_stall,
    bn206_replica_drift,
    bn207_lost_statistics,
    bn208_mode_gap,
    bn209_updates_lost,
    bn210_momentum_out_of_range,
    bn211_one_layer_several_distributions,
    bn212_wrong_axis,
    bn213_epsilon_dominates,
    bn214_untracked_layer,
    lr101_loss_grows_with_batch,
    lr102_output_factor,
    lr103_vector_loss,
    lr104_label_broadcast,
    lr105_replica_factor,
    lr106_regularizer_missing,
    lr107_logged_not_optimized,
    lr108_metric_resolved,
    lr109_partial_batch,
    lr110_gradient_factor,
    lr111_padding_averaged,
    lr112_logits_mismatch,
    lr113_gradients_summed,
    rc101_not_recorded,
)

COMPARISONS: Final[tuple[ComparisonModule, ...]] = (
    cr101_loss_scale_differs,
    cr102_mode_differs,
)

_CODES = [module.RULE.code for module in (*RULES, *COMPARISONS)]
if _REPEATED := sorted(code for code, count in Counter(_CODES).items() if count > 1):
    raise ImportError(f"several rules have the same code: {', '.join(_REPEATED)}")
