"""Rules turn a history into outcomes."""

from tb_bnplugin.diagnose.documentation import (
    Documentation,
    Section,
    UnknownRuleError,
    explain,
    explain_all,
)
from tb_bnplugin.diagnose.engine import compare, diagnose, diagnose_run
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rules import COMPARISONS, RULES

__all__ = [
    "COMPARISONS",
    "RULES",
    "Documentation",
    "Outcome",
    "Section",
    "UnknownRuleError",
    "compare",
    "diagnose",
    "diagnose_run",
    "explain",
    "explain_all",
]
