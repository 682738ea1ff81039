"""The JSON of the documentation of the rules."""

from __future__ import annotations

from tb_bnplugin.dashboard.payload.values import Json
from tb_bnplugin.diagnose import explain_all
from tb_bnplugin.diagnose.examples import Example


def rules() -> Json:
    """`Rules`: documentation of every rule."""
    return {
        "rules": [
            {
                "code": rule.code,
                "name": rule.name,
                "severity": rule.severity,
                "summary": rule.summary,
                "sections": [
                    {"title": section.title, "text": section.text} for section in rule.sections
                ],
                "examples_note": rule.examples.note,
                "examples": [_example(example) for example in rule.examples.programs],
            }
            for rule in explain_all()
        ]
    }


def _example(example: Example) -> Json:
    return {
        "title": example.title,
        "fault": example.fault,
        "cure": example.cure,
        "lines": [{"mark": line.mark, "text": line.text} for line in example.lines],
    }
