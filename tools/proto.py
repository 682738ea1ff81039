"""Writes the Python code of the .proto files, or checks that it is up to date.

    python tools/proto.py [--check]

The compiler is an old one on purpose: generated code that is newer than the protobuf runtime
raises, older code runs, and users have runtimes from 3.20 on. It has an environment of its own,
since its requirements are not those of TensorFlow.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".cache" / "proto"
COMPILER = "grpcio-tools==1.62.3"  # protoc 25.1
REQUIREMENTS = [COMPILER, "protobuf>=4.21.6,<5", "setuptools<82"]  # it imports pkg_resources
PROTO_FILES = ["tb_bnplugin/schema/plugin_data.proto"]
PYTHONS = [sys.executable, "python3.11", "python3.12", "python3.10", "python3"]  # wheels: to 3.12


def compiler_python() -> Path | None:
    """The Python of an environment with the compiler, None where it cannot be made here."""
    python = ENVIRONMENT / "bin" / "python"
    stamp = ENVIRONMENT / "installed"
    wanted = "\n".join(REQUIREMENTS)
    if stamp.is_file() and stamp.read_text() == wanted and _runs([str(python), "--version"]):
        return python
    fitting = "import sys, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))"
    for candidate in PYTHONS:
        if not _runs([candidate, "-c", fitting]):
            continue
        subprocess.run([candidate, "-m", "venv", "--clear", str(ENVIRONMENT)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--only-binary=:all:"]
        if _runs([*install, *REQUIREMENTS]):
            stamp.write_text(wanted)
            return python
    return None


def generate(python: Path, into: Path) -> list[Path]:
    """The files made of all .proto files, as paths relative to the folder they were put in."""
    subprocess.run(
        [
            *(str(python), "-m", "grpc_tools.protoc", f"--proto_path={ROOT}"),
            *(f"--python_out={into}", f"--pyi_out={into}", *PROTO_FILES),
        ],
        cwd=ROOT,
        check=True,
    )
    return [
        Path(proto).with_name(Path(proto).stem + ending)
        for proto in PROTO_FILES
        for ending in ("_pb2.py", "_pb2.pyi")
    ]


def main() -> int:
    """Exit status: 0 written or up to date (or no compiler to tell), 1 out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    check: bool = parser.parse_args().check
    python = compiler_python()
    if python is None:
        print(f"proto: {COMPILER} cannot be installed here (wheels: Python 3.10 to 3.12)")
        if check:
            print("proto: NOT CHECKED whether the generated code is up to date")
        return 0 if check else 1
    with tempfile.TemporaryDirectory() as folder:
        made = generate(python, Path(folder))
        stale = [
            path
            for path in made
            if not (ROOT / path).is_file()
            or (ROOT / path).read_text() != (Path(folder) / path).read_text()
        ]
        for path in stale:
            if check:
                print(f"proto: {path} is out of date: run `make proto`")
            else:
                (ROOT / path).write_text((Path(folder) / path).read_text())
                print(f"proto: wrote {path}")
    return 1 if check and stale else 0


def _runs(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
