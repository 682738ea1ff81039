"""Writes the programs and ledgers of docs/ledgers.md, or checks that they are up to date.

    python tools/ledgers.py [--check]

The words are written by hand; a block of code under `<!-- program NAME -->` or
`<!-- ledger NAME FLAVOUR -->` is the program in tests/docs/ledger_programs, and what it prints.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import re
import runpy
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
DOCUMENT: Final = ROOT / "docs" / "ledgers.md"
PROGRAMS: Final = ROOT / "tests" / "docs" / "ledger_programs"
FLAVOURS: Final = ("keras", "tf_keras")

_BLOCK: Final = re.compile(
    r"<!-- (?P<kind>program|ledger) (?P<name>\w+)(?: (?P<flavours>[\w ]+?))? -->\n"
    r"```(?P<language>\w+)\n(?P<text>.*?)```\n",
    re.DOTALL,
)


def main() -> int:
    """Entry point; 1 when the check finds a difference."""
    parser = argparse.ArgumentParser(prog="python tools/ledgers.py", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when stale")
    options = parser.parse_args()
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # names of traced functions differ with XLA
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.path.insert(0, str(ROOT))
    written = DOCUMENT.read_text("utf-8")
    fresh = update(written)
    if fresh == written:
        return 0
    if options.check:
        print(f"stale: {DOCUMENT.relative_to(ROOT)}; run python tools/ledgers.py")
        return 1
    DOCUMENT.write_text(fresh, "utf-8")
    return 0


def update(document: str) -> str:
    """The document with each block as its program is and prints now."""

    def block(found: re.Match[str]) -> str:
        name, flavours = found["name"], (found["flavours"] or "").split()
        if found["kind"] == "program":
            text = program(name)
        else:
            texts = {printed(name, flavour) for flavour in flavours}
            if len(texts) != 1:
                raise ValueError(f"{name}: the ledgers of {' and '.join(flavours)} differ")
            (text,) = texts
        start = found.start("text") - found.start()
        return f"{found[0][:start]}{text}```\n"

    return _BLOCK.sub(block, document)


def documented(document: str) -> dict[tuple[str, str], str]:
    """The ledgers in the document, by program and flavour."""
    return {
        (found["name"], flavour): found["text"]
        for found in _BLOCK.finditer(document)
        if found["kind"] == "ledger"
        for flavour in found["flavours"].split()
    }


def documented_programs(document: str) -> dict[str, str]:
    """The programs in the document, by name."""
    return {
        found["name"]: found["text"]
        for found in _BLOCK.finditer(document)
        if found["kind"] == "program"
    }


def program_names() -> list[str]:
    """The programs there are."""
    return sorted(path.stem for path in PROGRAMS.glob("*.py"))


def program(name: str) -> str:
    """The text of a program."""
    return (PROGRAMS / f"{name}.py").read_text("utf-8")


def printed(name: str, flavour: str) -> str:
    """What a program prints, of the versions that are installed no more than the flavour's name."""
    with run(name, flavour) as (text, _):
        return text


@contextlib.contextmanager
def run(name: str, flavour: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Runs a program in a folder of its own, which is the current one till the end.

    Yields what it printed, without Keras' version, and its global names. Its models are watched
    till the end.
    """
    before = Path.cwd()
    keras = importlib.import_module(flavour)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.py"  # a file, since TensorFlow reads the functions' source
        path.write_text(program(name).replace("import keras\n", f"import {flavour} as keras\n"))
        os.chdir(folder)
        out = io.StringIO()
        names: dict[str, Any] = {}
        try:
            with contextlib.redirect_stdout(out):
                names = runpy.run_path(str(path))
            yield without_version(out.getvalue()), names
        finally:
            keras.mixed_precision.set_global_policy("float32")
            for watch in names.get("watches", ()):
                watch.close()
            os.chdir(before)


def without_version(text: str) -> str:
    """A ledger that names Keras' flavour and not its version."""
    return re.sub(r"\(((?:tf_)?keras) [\w.]+,", r"(\1,", text)


if __name__ == "__main__":
    sys.exit(main())
