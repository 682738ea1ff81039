"""All rules, in the order in which they are run and shown."""

from __future__ import annotations

from collections import Counter
from typing import Final

from tb_bnplugin.diagnose.rule import ComparisonModule, RuleModule

RULES: Final[tuple[RuleModule, ...]] = ()

COMPARISONS: Final[tuple[ComparisonModule, ...]] = ()

_CODES = [module.RULE.code for module in RULES] + [module.RULE.code for module in COMPARISONS]
if _REPEATED := sorted(code for code, count in Counter(_CODES).items() if count > 1):
    raise ImportError(f"several rules have the same code: {', '.join(_REPEATED)}")
