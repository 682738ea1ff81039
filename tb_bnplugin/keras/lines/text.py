"""The files of the user's program: which are his, how they are called, what their lines say."""

from __future__ import annotations

import functools
import linecache
import os
import re
import site
import sys
import sysconfig
from pathlib import Path
from typing import Any, Final

from tb_bnplugin.schema.places import Line

NEIGHBOURS: Final = 3
"""Lines that are kept before and after each line, so that a log shows them anywhere."""

LONGEST: Final = 200
"""Characters of a line that are kept."""

_PACKAGES: Final = re.compile(r"[/\\](site|dist)-packages[/\\]")
_GENERATED: Final = "__autograph_generated_file"
_CELL: Final = re.compile(r"^<ipython-input-(\d+)-|[/\\]ipykernel_\d+[/\\]")
_PACKAGE: Final = str(Path(__file__).parents[2])

_real_names: dict[str, str] = {}  # by the name that is shown


def is_generated(file: str) -> bool:
    """True of the code that autograph makes of a function."""
    return Path(file).name.startswith(_GENERATED)


@functools.lru_cache(maxsize=4096)
def is_users(file: str) -> bool:
    """True of a file of the user's: no library's, and none without a text."""
    if _CELL.search(file):
        return True
    if is_generated(file) or file.startswith("<"):
        return False
    if _PACKAGES.search(file):
        return False
    return not str(Path(file).absolute()).startswith(_libraries())


def line_at(file: str, number: int, function: str, *, depth: int = 0) -> Line:
    """One line of a file, with its neighbours."""
    shown = shown_name(file)
    first = max(1, number - NEIGHBOURS)
    after = [_text(file, at) for at in range(number + 1, number + 1 + NEIGHBOURS)]
    while after and not after[-1]:
        after.pop()
    return Line(
        file=shown,
        line=number,
        function=function,
        text=_text(file, number),
        before=tuple(_text(file, at) for at in range(first, number)),
        after=tuple(after),
        depth=depth,
    )


def source_of(shown: str) -> str:
    """The whole text of a file of which a line was given before; "" where there is none."""
    return "".join(linecache.getlines(_real_names.get(shown, shown)))


def real_name(shown: str) -> str:
    """The file's name as Python knows it."""
    return _real_names.get(shown, shown)


def shown_name(file: str) -> str:
    """The name of a file as it is shown: relative to the working folder, or a notebook's cell."""
    shown = _cell(file) if _CELL.search(file) else _relative(file)
    _real_names[shown] = file
    return shown


def _relative(file: str) -> str:
    whole = Path(file)
    try:
        return whole.absolute().relative_to(Path.cwd()).as_posix()
    except (OSError, ValueError):  # outside of the working folder, or that is gone
        return str(whole)


def _cell(file: str) -> str:
    numbered = re.match(r"<ipython-input-(\d+)-", file)
    if numbered:
        return f"In [{numbered[1]}]"
    shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    number = getattr(getattr(shell, "compile", None), "_filename_map", {}).get(file)
    return f"In [{Path(file).name if number is None else number}]"


def _text(file: str, number: int) -> str:
    return linecache.getline(file, number).rstrip()[:LONGEST]


@functools.cache
def _libraries() -> tuple[str, ...]:
    folders = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    folders.update([*getattr(site, "getsitepackages", list)(), _PACKAGE])
    for name in ("keras", "tensorflow", "tf_keras"):  # a checkout of them, perhaps
        found = getattr(sys.modules.get(name), "__file__", None)
        if found:
            folders.add(str(Path(found).parent))
    return tuple(f"{Path(folder).absolute()}{os.sep}" for folder in folders if folder)
