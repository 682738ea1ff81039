"""Arguments, exit codes and the streams; what is printed is put together beside this."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import tb_bnplugin
from tb_bnplugin.cli.check_text import check_text
from tb_bnplugin.cli.doctor_text import doctor_text
from tb_bnplugin.cli.rules_text import rule_text, rules_text
from tb_bnplugin.cli.style import Style, printable
from tb_bnplugin.diagnose import (
    COMPARISONS,
    RULES,
    Outcome,
    create_ledger,
    explain,
    keep_layers,
    ledger_text,
)
from tb_bnplugin.errors import CannotExamineError, LogFolderError, UnknownRuleError
from tb_bnplugin.logs.check import Report, check, read_runs

CLEAN: Final = 0
FINDINGS: Final = 1
UNREADABLE: Final = 2
"""Also: no record, a wrong argument (as argparse has it), or a rule that crashed."""

_FAIL_ON: Final = {"error": ("error",), "warning": ("error", "warning"), "never": ()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
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
        # The reader has seen enough (`| head`); Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREADABLE
    except KeyboardInterrupt:
        return 130


def run_check(options: argparse.Namespace) -> int:
    """`tb-bnplugin check`."""
    try:
        report = check(options.logdir, options.run)
    except (LogFolderError, ValueError) as error:
        return _fail(str(error))
    report = _filter(report, options.select, options.ignore)
    if options.format == "json":
        print(json.dumps(report.to_json(), indent=1, allow_nan=False))
    else:
        print(check_text(report, Style.of(sys.stdout)))
    crashed = [outcome for outcome in report.outcomes if outcome.status == "crashed"]
    if crashed:
        codes = ", ".join(sorted({outcome.code for outcome in crashed}))
        return _fail(f"these rules crashed, which is a fault of tb_bnplugin: {codes}")
    failing = _FAIL_ON[options.fail_on]
    return FINDINGS if any(entry.severity in failing for entry in report.findings) else CLEAN


def run_rules(options: argparse.Namespace) -> int:
    """`tb-bnplugin rules`."""
    style = Style.of(sys.stdout)
    if options.code is None:
        print(rules_text(style))
        return CLEAN
    try:
        print(rule_text(explain(options.code), style))
    except UnknownRuleError as error:
        return _fail(str(error))
    return CLEAN


def run_doctor(options: argparse.Namespace) -> int:
    """`tb-bnplugin doctor`."""
    # The one command that needs TensorFlow, and trains with it.
    from tb_bnplugin.doctor import report

    try:
        found = report(options.keras)
    except CannotExamineError as error:
        return _fail(str(error))
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
        return _fail(f"{options.layer!r} is no regular expression: {error}")
    try:
        runs, _ = read_runs(options.logdir, options.run)
    except (LogFolderError, ValueError) as error:
        return _fail(str(error))
    ledgers = [
        keep_layers(create_ledger(model), wanted.search) for run in runs for model in run.models
    ]
    if options.layer and not any(ledger.layers for ledger in ledgers):
        return _fail(f"no layer's path matches {options.layer!r}")
    if options.format == "json":
        print(json.dumps([ledger.to_json() for ledger in ledgers], indent=1, allow_nan=False))
        return CLEAN
    text = "\n\n".join(ledger_text(ledger) for ledger in ledgers)
    print("\n".join(printable(line) for line in text.splitlines()))
    return CLEAN


def _fail(message: str) -> int:
    print(f"tb-bnplugin: {message}", file=sys.stderr)
    return UNREADABLE


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
    """Codes or their beginnings, with commas between them."""
    known = [rule.RULE.code for rule in (*RULES, *COMPARISONS)]
    codes = [code.strip().upper() for code in text.split(",") if code.strip()]
    for code in codes:
        if not any(rule.startswith(code) for rule in known):
            raise argparse.ArgumentTypeError(
                f"no rule begins with {code!r}; the codes are {', '.join(known)}"
            )
    if not codes:
        raise argparse.ArgumentTypeError("give at least one code, for example BN101 or BN")
    return codes


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tb-bnplugin",
        description="Says what batch normalization and loss reduction did while a model trained.",
    )
    parser.add_argument("--version", action="version", version=tb_bnplugin.__version__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    checking = commands.add_parser(
        "check",
        help="check a log folder",
        description="Checks the runs of a log folder that the callback or the ops recorded.",
        epilog="Exit code: 0 nothing found at or above --fail-on, 1 something found, 2 LOGDIR"
        " cannot be read or holds no record, or a rule crashed.",
    )
    checking.set_defaults(command=run_check)
    checking.add_argument("logdir", metavar="LOGDIR", help="as given to tensorboard --logdir")
    checking.add_argument(
        "--run", metavar="REGEX", help="only the runs whose name this matches anywhere"
    )
    checking.add_argument("--format", choices=("text", "json"), default="text")
    checking.add_argument(
        "--select",
        metavar="CODES",
        type=_codes,
        default=[],
        help="only these rules, for example BN101,LR (a beginning stands for all it begins)",
    )
    checking.add_argument(
        "--ignore", metavar="CODES", type=_codes, default=[], help="all rules but these"
    )
    checking.add_argument(
        "--fail-on",
        choices=tuple(_FAIL_ON),
        default="error",
        help="the least severe finding that makes the exit code 1 (default: error)",
    )
    explaining = commands.add_parser(
        "rules", help="list the rules, or explain one", description="Explains the rules."
    )
    explaining.set_defaults(command=run_rules)
    explaining.add_argument("code", metavar="CODE", nargs="?", help="for example BN101")
    listing = commands.add_parser(
        "ledger",
        help="list how each layer was called, what ran, and what its statistics did",
        description="Prints the mode ledger: for each batch normalization layer every way it was"
        " called (mode, context, the value of `training` and who gave it, `trainable` when traced),"
        " the executions counted by mode and context, `trainable` now, and whether the moving"
        " statistics did what those executions explain. Layers that are alike share a block.",
    )
    listing.set_defaults(command=run_ledger)
    listing.add_argument("logdir", metavar="LOGDIR", help="as given to tensorboard --logdir")
    listing.add_argument(
        "--run", metavar="REGEX", help="only the runs whose name this matches anywhere"
    )
    listing.add_argument(
        "--layer", metavar="REGEX", help="only the layers whose path this matches anywhere"
    )
    listing.add_argument("--format", choices=("text", "json"), default="text")
    examining = commands.add_parser(
        "doctor",
        help="say what the installed Keras really does",
        description="Trains models of a few units, and says what the installed Keras does with"
        " training mode, trainable, moving statistics, losses and replicas. It needs TensorFlow,"
        " takes about half a minute, and changes nothing.",
        epilog="Exit code: 0, or 2 where TensorFlow or Keras is missing.",
    )
    examining.set_defaults(command=run_doctor)
    examining.add_argument(
        "--keras", choices=("keras", "tf_keras"), help="only this one (default: each installed)"
    )
    examining.add_argument("--format", choices=("text", "json"), default="text")
    return parser
