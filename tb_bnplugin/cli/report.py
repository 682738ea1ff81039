"""`tb-bnplugin report`: a log folder as one file, to attach or to paste."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime, timezone
from pathlib import Path

import tb_bnplugin
from tb_bnplugin.cli.exit_codes import CLEAN, fail
from tb_bnplugin.cli.markdown import markdown
from tb_bnplugin.cli.style import printable
from tb_bnplugin.dashboard.report.about import About
from tb_bnplugin.errors import LogFolderError, PageNotBuiltError
from tb_bnplugin.logs.check import read_folder
from tb_bnplugin.logs.whole_folder import WholeLogFolder


def add_report(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of the command line."""
    parser = commands.add_parser(
        "report",
        help="write the page of a log folder to one file",
        description="Write findings, timeline, curves, losses and mode ledger of a log folder to"
        " one HTML file that opens without a server and a network, or to Markdown for an issue.",
        epilog="Exit code: 0 if the file was written, 2 if LOGDIR cannot be read or holds no"
        " record, or if FILE cannot be written.",
    )
    parser.set_defaults(command=_run)
    parser.add_argument(
        "logdir", metavar="LOGDIR", help="the folder you give to tensorboard --logdir"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="- for the standard output (default: report.html or report.md)",
    )
    parser.add_argument("--run", metavar="REGEX", help="only runs whose name contains a match")
    parser.add_argument("--format", choices=("html", "markdown"), default="html")


def _run(options: argparse.Namespace) -> int:
    """`tb-bnplugin report`."""
    output = options.output or ("report.html" if options.format == "html" else "report.md")
    if output != "-" and Path(output).is_dir():
        return fail(f"{output} is a folder: give a file, for example -o {output}/report.html")
    try:
        folder = WholeLogFolder(options.logdir)
        histories, unread = read_folder(folder, options.run)
        now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
        about = About(version=tb_bnplugin.__version__, written=now, notes=unread)
        if options.format == "html":
            # the other commands need nothing of what answers HTTP
            from tb_bnplugin.dashboard.report.page import report_page

            text = report_page(folder, histories, about)
        else:
            text = markdown(histories, about)
    except (LogFolderError, PageNotBuiltError, ValueError) as error:
        return fail(str(error))
    if output == "-":
        sys.stdout.write(text)
        return CLEAN
    try:
        Path(output).write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
    except OSError as error:
        return fail(f"cannot write {output}: {error.strerror or error}")
    print(f"tb-bnplugin: report written: {printable(output)}", file=sys.stderr)
    return CLEAN
