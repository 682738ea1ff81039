"""All rules, in the order in which they are run and shown."""

from __future__ import annotations

from collections import Counter
from typing import Final

from tb_bnplugin.diagnose.rule import ComparisonModule, RuleModule
from tb_bnplugin.diagnose.rules import (
    bn101_never_updated,
    bn102_inference_while_training,
    bn104_updates_during_evaluation,
    bn106_model_ignores_training,
    bn109_collapsed_outputs,
    bn110_never_called,
    bn201_start_dominates,
    bn204_non_finite_statistics,
    cr101_loss_scale_differs,
    lr101_loss_grows_with_batch,
    lr102_output_factor,
    lr103_vector_loss,
    lr104_label_broadcast,
    lr108_metric_resolved,
)

RULES: Final[tuple[RuleModule, ...]] = (
    bn101_never_updated,
    bn102_inference_while_training,
    bn104_updates_during_evaluation,
    bn106_model_ignores_training,
    bn109_collapsed_outputs,
    bn110_never_called,
    bn201_start_dominates,
    bn204_non_finite_statistics,
    lr101_loss_grows_with_batch,
    lr102_output_factor,
    lr103_vector_loss,
    lr104_label_broadcast,
    lr108_metric_resolved,
)

COMPARISONS: Final[tuple[ComparisonModule, ...]] = (cr101_loss_scale_differs,)

_CODES = [module.RULE.code for module in (*RULES, *COMPARISONS)]
if _REPEATED := sorted(code for code, count in Counter(_CODES).items() if count > 1):
    raise ImportError(f"several rules have the same code: {', '.join(_REPEATED)}")
