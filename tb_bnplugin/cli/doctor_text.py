"""The text of `tb-bnplugin doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tb_bnplugin.cli.style import Style, printable
from tb_bnplugin.printed import num

if TYPE_CHECKING:
    from tb_bnplugin.doctor import Environment, Fact, Report, Value


def doctor_text(report: Report, style: Style) -> str:
    """The environment, then the questions with the answers of each Keras."""
    return "\n\n".join([_environment(report.environment, style), *_topics(report, style)])


def _environment(environment: Environment, style: Style) -> str:
    lines = [style.paint("Environment", "bold")]
    versions = ", ".join(
        f"{name} {version or 'not installed'}" for name, version in environment.versions.items()
    )
    lines.append(style.wrap(versions, first="  "))
    for problem in environment.problems:
        wrapped = style.wrap(problem, first="  problem: ", rest="    ")
        lines.append(wrapped.replace("problem", style.paint("problem", "warning"), 1))
    return "\n".join(lines)


def _topics(report: Report, style: Style) -> list[str]:
    """One block for each topic. Every Keras is asked the same questions."""
    names = [examination.keras for examination in report.examinations]
    topics: dict[str, list[str]] = {}
    for facts in zip(*(examination.facts for examination in report.examinations), strict=True):
        answers = dict(zip(names, facts, strict=True))
        topics.setdefault(facts[0].topic, []).append(_question(facts[0], answers, style))
    return ["\n\n".join([style.paint(topic, "bold"), *texts]) for topic, texts in topics.items()]


def _question(question: Fact, answers: dict[str, Fact], style: Style) -> str:
    lines = [style.wrap(question.asks, first="  "), f"  {style.paint(question.name, 'dim')}"]
    widest_name = max(map(len, answers))
    for keras, fact in answers.items():
        label = f"    {printable(keras):<{widest_name}}  {_value(fact.value):<12} "
        means = fact.consequence if fact.reason is None else fact.reason
        lines.append(style.wrap(means or "", first=label))
    return "\n".join(lines)


def _value(value: Value | None) -> str:
    if value is None:
        return "not measured"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return num(value) if isinstance(value, float) else value
