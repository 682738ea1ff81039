"""Runs the programs of docs/integrations.md with the tools that they are for.

    python tools/recipes.py [PYTEST_ARGUMENTS]

The tools are installed into an environment of their own, which sees the packages of the one that
runs this and changes none of them.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

from environments import ROOT, install, variables

FOLDER: Final = ROOT / ".cache" / "recipes"
PROGRAMS: Final = ("tests/docs/integrations.py", "tests/docs/integrations_s3.py")
TOOLS: Final = (
    "keras-tuner==1.4.8",
    "wandb==0.31.0",
    "mlflow-skinny==3.17.2",
    # what the whole of MLflow brings, of it only what the recipes need
    "alembic==1.20.1",
    "pandas==3.1.1",
    "sqlalchemy==2.1.9",
    # a bucket, read with TensorBoard's boto3 and with fsspec; of boto3 the one that s3fs goes with
    "boto3==1.43.117",
    "s3fs==2026.9.0",
    # its server, and of what "moto[server]" brings only what that of S3 needs
    "moto==5.2.5",
    "flask==3.1.3",
    "flask-cors==6.0.5",
    "py-partiql-parser==0.6.3",
)


def make() -> Path:
    """The interpreter of the environment, which is made where it is missing."""
    python, made_of = FOLDER / "bin" / "python", FOLDER / "made-of"
    # An environment holds the path of the folder it was made in.
    described = "\n".join([str(ROOT), sys.executable, *TOOLS])
    if made_of.is_file() and made_of.read_text() == described and python.exists():
        return python
    print("making an environment with the tools (a minute)", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER)], check=True)
    command = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    below = Path(answer.stdout.strip()) / "below.pth"
    below.write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    install(python, "-c", str(ROOT / "constraints.txt"), *TOOLS)
    made_of.write_text(described, encoding="utf-8")
    return python


def main() -> int:
    """Exit status of pytest."""
    command = [str(make()), "-m", "pytest", "-p", "no:cacheprovider", *PROGRAMS, *sys.argv[1:]]
    return subprocess.run(command, cwd=ROOT, env=variables(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
