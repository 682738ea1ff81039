"""`tb-bnplugin preflight`: what training will do, before it begins."""

from __future__ import annotations

import argparse
import json

from tb_bnplugin.cli.exit_codes import CLEAN, FINDINGS, fail
from tb_bnplugin.cli.style import printable
from tb_bnplugin.diagnose import check_codes
from tb_bnplugin.errors import SavedModelError
from tb_bnplugin.logs.provider import shorten


def add_preflight(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of the command line."""
    parser = commands.add_parser(
        "preflight",
        help="say what training will do, by a few steps on one batch",
        description="Make a few training steps on one batch, run the rules on what they did, and"
        " print what training will do. Nothing is saved. Needs TensorFlow.",
        epilog="Exit code: 0 if no error and no warning was found, 1 if one was, 2 if the model"
        " or the data cannot be used.",
    )
    parser.set_defaults(command=_run)
    parser.add_argument(
        "model",
        metavar="MODULE:FUNCTION",
        help="a function without arguments that gives a compiled model, or a pair (model,"
        " train_step) whose second is called as train_step(x, y)",
    )
    parser.add_argument(
        "--data",
        metavar="MODULE:FUNCTION",
        required=True,
        help="a function without arguments that gives a dataset of batches (x, y), of which the"
        " first is taken, or arrays",
    )
    parser.add_argument("--rows", metavar="N", type=int, help="of arrays in a batch (default: 32)")
    parser.add_argument(
        "--expect", metavar="CODES", default="", help="codes of findings that are meant here"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")


def _run(options: argparse.Namespace) -> int:
    """`tb-bnplugin preflight`."""
    if options.rows is not None and options.rows < 1:
        return fail("--rows must be 1 or more")
    # Needs TensorFlow, and runs a model.
    from tb_bnplugin.preflights.named import preflight_named

    try:
        expect = check_codes([code for code in options.expect.upper().split(",") if code])
        report = preflight_named(options.model, options.data, rows=options.rows, expect=expect)
    except (SavedModelError, ValueError) as error:
        return fail(shorten(str(error), 1000))
    if options.format == "json":
        print(json.dumps(report.to_json(), indent=2))
    else:
        print("\n".join(printable(line) for line in str(report).splitlines()))
    return CLEAN if report.ok() else FINDINGS
