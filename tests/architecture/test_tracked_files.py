"""What lies in the repository: nothing of one machine, and nothing built."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Put together here, so that this file does not hold what it looks for.
OF_ONE_MACHINE = [
    *("/" + folder + "/" for folder in ("work", "root", "tmp", "home")),
    *("registry." + host for host in ("npmjs.org", "yarnpkg.com", "npmmirror.com")),
    "files." + "pythonhosted" + ".org",
    "pypi" + ".org/simple",
    "file:" + "///",
]


def tracked_files() -> list[Path]:
    answer = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    paths = [ROOT / name for name in answer.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


@pytest.mark.parametrize("text", OF_ONE_MACHINE)
def test_no_file_names_a_place_on_one_machine(text: str) -> None:
    named_in = [
        str(path.relative_to(ROOT))
        for path in tracked_files()
        if text.encode() in path.read_bytes()
    ]
    assert named_in == []


def test_nothing_built_is_tracked() -> None:
    names = [path.relative_to(ROOT).as_posix() for path in tracked_files()]
    built = ("dashboard/static/", "node_modules/", "src/api_types.ts")
    assert [name for name in names if any(part in name for part in built)] == []
