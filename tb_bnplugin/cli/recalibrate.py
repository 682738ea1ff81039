"""`tb-bnplugin recalibrate`: the moving statistics of a saved model estimated anew."""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path

from tb_bnplugin.cli.exit_codes import CLEAN, FINDINGS, fail
from tb_bnplugin.cli.style import printable
from tb_bnplugin.errors import SavedModelError
from tb_bnplugin.logs.provider import shorten


def add_recalibrate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of the command line."""
    parser = commands.add_parser(
        "recalibrate",
        help="estimate the moving statistics of a saved model anew from data",
        description="Estimate the moving statistics of batch normalization anew from data (precise"
        " BN), print the loss in inference mode before and after, and save the model. MODEL stays"
        " as it is. Needs TensorFlow.",
        epilog="Exit code: 0 if the model was recalibrated, or with --dry-run if it would be; 1 if"
        " it would be worse, and nothing was written; 2 if MODEL or the data cannot be used.",
    )
    parser.set_defaults(command=_run)
    parser.add_argument("model", metavar="MODEL", help="a .keras or .h5 file of either Keras")
    parser.add_argument(
        "--data",
        metavar="MODULE:FUNCTION",
        required=True,
        help="a function without arguments that gives a dataset of batches x or (x, y), or arrays;"
        " its module may register the model's own classes",
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="default: MODEL with the suffix .recalibrated.keras"
    )
    parser.add_argument("--steps", metavar="N", type=int, help="batches (default: all)")
    parser.add_argument("--exact", action="store_true", help="layer by layer, in several passes")
    parser.add_argument("--frozen", action="store_true", help="frozen layers too")
    parser.add_argument("--dry-run", action="store_true", help="only print what would be done")
    parser.add_argument("--quiet", action="store_true", help="print no progress")


def _run(options: argparse.Namespace) -> int:
    """`tb-bnplugin recalibrate`."""
    if not Path(options.model).is_file():
        return fail(f"there is no file {options.model}")
    # Needs TensorFlow, and runs a model.
    from tb_bnplugin.keras.recalibration.saved import recalibrate_file

    chosen = {name: getattr(options, name) for name in ("steps", "exact", "frozen", "dry_run")}
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "tb_bnplugin: what enters ")  # the result has it
            result, written = recalibrate_file(
                *(options.model, options.data, options.output),
                tell=lambda text: print(f"tb-bnplugin: {text}", file=sys.stderr),
                verbose=not options.quiet,
                **chosen,
            )
    except (SavedModelError, TypeError, ValueError, RuntimeError) as error:
        return fail(shorten(str(error), 1000))
    print("\n".join(printable(line) for line in str(result).splitlines()))
    if written is not None:
        print(f"Saved in {printable(written)}.")
    return CLEAN if result.applied or (options.dry_run and result.improved) else FINDINGS
