"""Rules turn a history into outcomes."""

from tb_bnplugin.diagnose.codes import check_codes
from tb_bnplugin.diagnose.comparable import comparable
from tb_bnplugin.diagnose.documentation import (
    Documentation,
    Section,
    explain,
    explain_all,
)
from tb_bnplugin.diagnose.engine import compare, diagnose, diagnose_run
from tb_bnplugin.diagnose.evidence.step import describe_step
from tb_bnplugin.diagnose.ledger import (
    LayerLedger,
    Ledger,
    create_layer_ledger,
    create_ledger,
    keep_layers,
)
from tb_bnplugin.diagnose.ledger_text import ledger_text
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rules import COMPARISONS, RULES
from tb_bnplugin.diagnose.rules.rc101_not_recorded import never_began, stopped
from tb_bnplugin.diagnose.scale_causes import is_cause, unexplained_factors

__all__ = [
    "COMPARISONS",
    "RULES",
    "Documentation",
    "LayerLedger",
    "Ledger",
    "Outcome",
    "Section",
    "check_codes",
    "comparable",
    "compare",
    "create_layer_ledger",
    "create_ledger",
    "describe_step",
    "diagnose",
    "diagnose_run",
    "explain",
    "explain_all",
    "is_cause",
    "keep_layers",
    "ledger_text",
    "never_began",
    "stopped",
    "unexplained_factors",
]
