"""The commands: their arguments, exit codes and streams. The modules beside write the texts."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import replace

import tb_bnplugin
from tb_bnplugin.cli import baseline, formats
from tb_bnplugin.cli.check_text import check_text
from tb_bnplugin.cli.doctor_text import doctor_text
from tb_bnplugin.cli.exit_codes import CLEAN, FINDINGS, fail
from tb_bnplugin.cli.preflight import add_preflight
from tb_bnplugin.cli.recalibrate import add_recalibrate
from tb_bnplugin.cli.report import add_report
from tb_bnplugin.cli.rules_text import rule_text, rules_text
from tb_bnplugin.cli.style import Style, cut, forget_output, printable
from tb_bnplugin.diagnose import (
    COMPARISONS,
    RULES,
    Outcome,
    create_ledger,
    explain,
    keep_layers,
    ledger_text,
)
from tb_bnplugin.errors import (
    BaselineError,
    CannotExamineError,
    LogFolderError,
    UnknownRuleError,
)
from tb_bnplugin.failing import FAIL_ON
from tb_bnplugin.logs.check import Report, check, read_runs
from tb_bnplugin.logs.provider import shorten


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    # Names in a log may hold what the terminal's encoding does not.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        forget_output()
        return CLEAN
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001  # Python's own exit status, 1, means findings
        reason = shorten(f"{type(error).__name__}: {error}", 200)
        return fail(f"stopped, which is a bug in tb_bnplugin ({reason})")


def run_check(options: argparse.Namespace) -> int:
    """`tb-bnplugin check`."""
    try:
        report = check(options.logdir, options.run)
    except (LogFolderError, ValueError) as error:
        return fail(str(error))
    report = _filter(report, options.select, options.ignore)
    try:
        if options.baseline:
            report = baseline.apply(options.baseline, report)
        if options.write_baseline:
            known = baseline.write(options.write_baseline, report)
            print(f"{options.write_baseline}: known findings written: {known}", file=sys.stderr)
    except BaselineError as error:
        return fail(str(error))
    written = _written(report, options.format, FAIL_ON[options.fail_on])
    crashed = [outcome for outcome in report.outcomes if outcome.status == "crashed"]
    status, why = _exit_status(report, options)
    if options.format == "text" and why and not crashed:
        written += f"\nexit status {status}: {why}"
    try:
        print(written, end="\n" if written else "", flush=True)  # no annotations: not a line
    except BrokenPipeError:
        forget_output()  # and the exit code says all the same what was found
    if crashed:
        codes = ", ".join(sorted({outcome.code for outcome in crashed}))
        return fail(f"these rules crashed, which is a bug in tb_bnplugin: {codes}")
    return status


def _exit_status(report: Report, options: argparse.Namespace) -> tuple[int, str | None]:
    """The exit status of a report without crashed rules; the reason where its sum gives none."""
    unchecked = sum(entry.status == "not_checked" for entry in report.outcomes)
    if options.strict and unchecked:
        why = f"--strict, and {unchecked} not checked"
        return FINDINGS, None if options.write_baseline else why
    if options.write_baseline:
        return CLEAN, None
    severities = {entry.severity for entry in report.findings}
    if severities & {*FAIL_ON[options.fail_on]}:
        return FINDINGS, None
    warned = options.fail_on == "error" and "warning" in severities
    return CLEAN, "warnings fail with --fail-on warning" if warned else None


def _written(report: Report, form: str, failing: Sequence[str]) -> str:
    """The report in one of the formats of `--format`."""
    if form == "json":
        return json.dumps(report.to_json(), indent=1, allow_nan=False)
    if form == "sarif":
        return formats.sarif(report)
    if form == "github":
        return formats.github(report)
    if form == "junit":
        return formats.junit(report, failing)
    return check_text(report, Style.of(sys.stdout))


def run_rules(options: argparse.Namespace) -> int:
    """`tb-bnplugin rules`."""
    style = Style.of(sys.stdout)
    if options.code is None:
        print(rules_text(style))
        return CLEAN
    try:
        print(rule_text(explain(options.code), style))
    except UnknownRuleError as error:
        return fail(str(error))
    return CLEAN


def run_doctor(options: argparse.Namespace) -> int:
    """`tb-bnplugin doctor`."""
    # The only command that needs TensorFlow: it trains models.
    from tb_bnplugin.doctor import report

    try:
        found = report(options.keras)
    except CannotExamineError as error:
        return fail(str(error))
    if options.format == "json":
        print(json.dumps(found.to_json(), indent=1, allow_nan=False))
    else:
        print(doctor_text(found, Style.of(sys.stdout)))
    return CLEAN


def run_ledger(options: argparse.Namespace) -> int:
    """`tb-bnplugin ledger`."""
    try:
        wanted = re.compile(options.layer or "")
    except re.error as error:
        return fail(f"--layer {options.layer!r} is not a regular expression: {error}")
    try:
        runs, _ = read_runs(options.logdir, options.run)
    except (LogFolderError, ValueError) as error:
        return fail(str(error))
    ledgers = [
        keep_layers(create_ledger(model), wanted.search) for run in runs for model in run.models
    ]
    if options.layer and not any(ledger.layers for ledger in ledgers):
        return fail(f"no layer's path matches {options.layer!r}: leave out --layer to see all")
    if options.format == "json":
        print(json.dumps([ledger.to_json() for ledger in ledgers], indent=1, allow_nan=False))
        return CLEAN
    text = "\n\n".join(ledger_text(ledger) for ledger in ledgers)
    print("\n".join(cut(printable(line)) for line in text.splitlines()))
    return CLEAN


def _filter(report: Report, select: Sequence[str], ignore: Sequence[str]) -> Report:
    def wanted(outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
        return tuple(
            outcome
            for outcome in outcomes
            if (not select or outcome.code.startswith(tuple(select)))
            and not outcome.code.startswith(tuple(ignore))
        )

    return replace(
        report,
        runs=tuple(replace(run, outcomes=wanted(run.outcomes)) for run in report.runs),
        comparisons=wanted(report.comparisons),
    )


def _codes(text: str) -> list[str]:
    """Codes or prefixes of codes, separated by commas."""
    known = [rule.RULE.code for rule in (*RULES, *COMPARISONS)]
    codes = [code.strip().upper() for code in text.split(",") if code.strip()]
    for code in codes:
        if not any(rule.startswith(code) for rule in known):
            raise argparse.ArgumentTypeError(
                f"no rule code starts with {code!r}; the codes are {', '.join(known)}"
            )
    if not codes:
        raise argparse.ArgumentTypeError("give at least one code, for example BN101 or BN")
    return codes


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tb-bnplugin",
        description="Find faults of batch normalization and loss reduction in recorded trainings.",
    )
    parser.add_argument("--version", action="version", version=tb_bnplugin.__version__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    checking = commands.add_parser(
        "check",
        help="print what is wrong in a log folder",
        description="Run all rules on the runs that BatchNormCallback or the summary ops recorded.",
        epilog="Exit code: 0 if no finding is as severe as --fail-on, 1 if one is (with --strict:"
        " or a rule could not be checked), 2 if LOGDIR"
        " cannot be read or holds no record, or if a rule crashed.",
    )
    checking.set_defaults(command=run_check)
    checking.add_argument(
        "logdir", metavar="LOGDIR", help="the folder you give to tensorboard --logdir"
    )
    checking.add_argument("--run", metavar="REGEX", help="only runs whose name contains a match")
    checking.add_argument(
        "--format",
        choices=("text", "json", "sarif", "github", "junit"),
        default="text",
        help="text, or for other programs: json, sarif (2.1.0), github (annotations of a workflow),"
        " junit (test reports)",
    )
    checking.add_argument(
        "--baseline",
        metavar="FILE",
        help="take the findings that this file lists as expected",
    )
    checking.add_argument(
        "--write-baseline",
        metavar="FILE",
        help="write the findings to this file, for --baseline, and exit with 0",
    )
    checking.add_argument(
        "--select",
        metavar="CODES",
        type=_codes,
        default=[],
        help="run only these rules, for example BN101,LR; a prefix such as LR selects every code"
        " that starts with it",
    )
    checking.add_argument(
        "--ignore",
        metavar="CODES",
        type=_codes,
        default=[],
        help="leave out these rules; prefixes work here too",
    )
    checking.add_argument(
        "--fail-on",
        choices=tuple(FAIL_ON),
        default="error",
        help="exit with 1 at a finding of this severity or worse (default: error, which lets"
        " warnings pass; an info fails nothing)",
    )
    checking.add_argument(
        "--strict",
        action="store_true",
        help="exit with 1, too, where a rule could not be checked, which happens in healthy"
        " trainings (in a loop LR107 and LR108 never can be): for the rules that you rely on, with"
        " --select",
    )
    explaining = commands.add_parser(
        "rules",
        help="list the rules, or explain one",
        description="List the rules, or explain one of them.",
    )
    explaining.set_defaults(command=run_rules)
    explaining.add_argument("code", metavar="CODE", nargs="?", help="for example BN101")
    listing = commands.add_parser(
        "ledger",
        help="print how each layer was called, what ran, and what its statistics did",
        description="Print the mode ledger. For each batch normalization layer it lists every way"
        " the layer was called (mode, context, the value of `training` and where it came from,"
        " `trainable` when traced), the executions by mode and context, `trainable` now, and"
        " whether these executions explain how the moving statistics changed. Layers with the"
        " same entries share a block.",
    )
    listing.set_defaults(command=run_ledger)
    listing.add_argument(
        "logdir", metavar="LOGDIR", help="the folder you give to tensorboard --logdir"
    )
    listing.add_argument("--run", metavar="REGEX", help="only runs whose name contains a match")
    listing.add_argument("--layer", metavar="REGEX", help="only layers whose path contains a match")
    listing.add_argument("--format", choices=("text", "json"), default="text")
    examining = commands.add_parser(
        "doctor",
        help="test what the installed Keras does where versions differ",
        description="Train tiny models to test how the installed Keras treats training mode,"
        " `trainable`, moving statistics, losses and replicas. This needs TensorFlow, takes about"
        " half a minute, and changes nothing.",
        epilog="Exit code: 0, or 2 if TensorFlow or Keras is missing.",
    )
    examining.set_defaults(command=run_doctor)
    examining.add_argument(
        "--keras",
        choices=("keras", "tf_keras"),
        help="test only this one (default: both, if installed)",
    )
    examining.add_argument("--format", choices=("text", "json"), default="text")
    add_preflight(commands)
    add_recalibrate(commands)
    add_report(commands)
    return parser
