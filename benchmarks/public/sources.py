"""The texts of the programs, from git: a folder of git directories, or clones."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from benchmarks.public.program import Program, patched

ADDRESS = "https://github.com/{repository}.git"


class SourceError(RuntimeError):
    """A text that cannot be had."""


def write_program(program: Program, git: Path, folder: Path) -> Path:
    """Writes the patched program, and what it imports, into a folder. The file to run."""
    for path, patches in {program.path: program.patches, **program.also}.items():
        text = read(git, program.commit, path)
        if path.endswith(".ipynb"):
            text = script_of(text)
        file = _place(path, program.root, folder)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(patched(text, patches), encoding="utf-8")
    for name, content in program.files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    return _place(program.path, program.root, folder)


def _place(path: str, root: str, folder: Path) -> Path:
    file = folder / Path(path).relative_to(root)
    return file.with_suffix(".py") if path.endswith(".ipynb") else file


def read(git: Path, commit: str, path: str) -> str:
    """A file of a commit, line ends made those of Unix."""
    shown = subprocess.run(
        ["git", f"--git-dir={git}", "show", f"{commit}:{path}"], capture_output=True, check=False
    )
    if shown.returncode:
        raise SourceError(shown.stderr.decode(errors="replace").strip())
    return shown.stdout.decode("utf-8").replace("\r\n", "\n")


def git_directory(repository: str, mirror: Path | None, clones: Path) -> Path:
    """The git directory of a repository: of the mirror, or of a clone made once.

    A mirror holds `owner+name/repo` (bare or not), or `owner/name`, as `git clone` leaves it.
    """
    if mirror is not None:
        for folder in (mirror / repository.replace("/", "+") / "repo", mirror / repository):
            for git in (folder / ".git", folder, folder.with_name(folder.name + ".git")):
                if (git / "HEAD").exists():
                    return git
        raise SourceError(f"no {repository} in {mirror}")
    git = clones / f"{repository}.git"
    if not (git / "HEAD").exists():
        address = ADDRESS.format(repository=repository)
        cloned = subprocess.run(
            ["git", "clone", "--bare", "--filter=blob:none", address, str(git)],
            capture_output=True,
            check=False,
            text=True,
        )
        if cloned.returncode:
            raise SourceError(f"{address}: {cloned.stderr.strip()}")
    return git


def script_of(notebook: str) -> str:
    """The code of a notebook as one script; what only a notebook understands becomes a comment."""
    cells = json.loads(notebook)["cells"]
    parts = []
    for cell in cells:
        if cell["cell_type"] == "code":
            lines = "".join(cell["source"]).split("\n")
            if lines and lines[0].startswith("%%"):
                lines = [f"# {line}" for line in lines]
            parts += [_plain(line) for line in lines]
    return "\n".join(parts) + "\n"


def _plain(line: str) -> str:
    bare = line.lstrip()
    if bare.startswith(("!", "%")) or bare.rstrip().endswith("?"):
        indent = line[: len(line) - len(bare)]
        return f"{indent}pass  # {bare}"
    return line
