"""Questions to the installed Keras, answered by tiny models that are trained on the spot."""

from tb_bnplugin.doctor.checkup import FLAVOURS, Report, report
from tb_bnplugin.doctor.environment import Environment
from tb_bnplugin.doctor.examination import QUESTIONS, Examination, examine
from tb_bnplugin.doctor.question import Fact, Question, Value

__all__ = [
    "FLAVOURS",
    "QUESTIONS",
    "Environment",
    "Examination",
    "Fact",
    "Question",
    "Report",
    "Value",
    "examine",
    "report",
]
