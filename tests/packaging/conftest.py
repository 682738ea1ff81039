"""An sdist, the wheel made of it without Node, and an environment that holds only that wheel."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

BUILT_AT = {"SOURCE_DATE_EPOCH": "1700000000"}
"""The time of each build, whenever it is made."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A virtual environment, used with nothing else on the path."""

    folder: Path

    def run(
        self, program: str, *arguments: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """What a program of the environment printed; fails where its status is not 0."""
        answer = subprocess.run(
            [str(self.folder / "bin" / program), *arguments],
            cwd=self.folder,
            env={**self.variables(), **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer

    def variables(self) -> dict[str, str]:
        """Environment variables under which only this environment's programs are found."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        return {**kept, "PATH": str(self.folder / "bin"), "VIRTUAL_ENV": str(self.folder)}


def build(command: list[str], folder: Path, umask: int = -1) -> None:
    """Run a build in a folder; fails where its status is not 0."""
    answer = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **BUILT_AT},
        umask=umask,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist of this checkout."""
    folder = tmp_path_factory.mktemp("sdist")
    command = [sys.executable, "-m", "build", "--sdist", "--no-isolation", f"--outdir={folder}"]
    build(command, ROOT)
    return next(folder.glob("*.tar.gz"))


@pytest.fixture(scope="session")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the sdist holds."""
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return next(folder.iterdir())


@pytest.fixture(scope="session")
def empty_environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A virtual environment with pip alone."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    return Environment(folder=folder)


@pytest.fixture(scope="session")
def wheel(
    sdist: Path, empty_environment: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The wheel that pip makes of the sdist, where there is no Node."""
    folder = tmp_path_factory.mktemp("wheel")
    # newer pip has a variable of its own for what is built with
    constraints = str(ROOT / "constraints.txt")
    answer = empty_environment.run(
        *("python", "-m", "pip", "wheel", "-v", "--no-deps", f"--wheel-dir={folder}", str(sdist)),
        PIP_CONSTRAINT=constraints,
        PIP_BUILD_CONSTRAINT=constraints,
        **BUILT_AT,
    )
    assert "nodejs" not in answer.stdout
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def installed(wheel: Path, empty_environment: Environment) -> Environment:
    """The environment with the wheel and what it requires, in the versions that are tested."""
    empty_environment.run(
        *("python", "-m", "pip", "install", "--quiet", f"--constraint={ROOT / 'constraints.txt'}"),
        str(wheel),
    )
    return empty_environment
