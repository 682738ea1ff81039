"""Asks every supported version of Keras doctor's questions, and writes the answers down.

    python tools/collect_facts.py [--only "keras 3.15.1"]...

Environments and versions are made under .cache/. A version that does not run is named, and what
the file says of it is left as it is. Only measured answers are written.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from environments import NEWEST, OLDEST, ROOT, Pair, keras_folder, make, variables

FILE: Final = ROOT / "tb_bnplugin" / "diagnose" / "keras_facts.json"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One version, and the environment it is asked in."""

    flavour: str  # "keras" or "tf_keras"
    version: str
    pair: Pair

    @property
    def name(self) -> str:
        """As records name it: "keras 3.15.1"."""
        return f"{self.flavour} {self.version}"


# The last patch of each minor version, with a TensorFlow that it runs on.
WITH_OLDEST: Final = ("3.0.5", "3.1.1", "3.2.1", "3.3.3", "3.4.1", "3.5.0", "3.6.0", "3.7.0")
WITH_NEWEST: Final = (
    *("3.8.0", "3.9.2", "3.10.0", "3.11.3", "3.12.4", "3.13.2", "3.14.1", "3.15.0", "3.15.1"),
)

ASKED: Final = (
    *(Asked(flavour="keras", version=version, pair=OLDEST) for version in WITH_OLDEST),
    *(Asked(flavour="keras", version=version, pair=NEWEST) for version in WITH_NEWEST),
    *(Asked(flavour="tf_keras", version=pair.tf_keras, pair=pair) for pair in (OLDEST, NEWEST)),
)


def ask(asked: Asked) -> dict[str, Any] | str:
    """The measured answers by name, or why there are none."""
    pair = asked.pair
    apart = asked.flavour == "keras" and asked.version != pair.keras
    folders = [keras_folder(asked.version)] if apart else []
    command = [str(make(pair)), "-m", "tb_bnplugin", "doctor", "--format", "json"]
    done = subprocess.run(
        [*command, "--keras", asked.flavour],
        cwd=ROOT,
        env=variables(*folders),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        return next(iter(reversed(done.stderr.strip().splitlines())), "no message")
    (examination,) = json.loads(done.stdout)["keras"]
    if examination["keras"] != asked.name:
        return f"{examination['keras']} was imported instead"
    for fact in examination["facts"]:
        if fact["value"] is None:
            print(f"  not measured: {fact['name']}: {fact['reason']}")
    facts = examination["facts"]
    return {fact["name"]: fact["value"] for fact in facts if fact["value"] is not None}


def write(answers: dict[str, dict[str, Any]], path: Path) -> None:
    """Writes the file: Keras 3 first, older versions first."""
    ordered = {name: answers[name] for name in sorted(answers, key=_order)}
    path.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")


def _order(name: str) -> tuple[str, list[int]]:
    flavour, version = name.split()
    return flavour, [int(part) for part in version.split(".")]


def main() -> int:
    """Exit status 0 where every version answered."""
    parser = argparse.ArgumentParser(description="Writes what each version of Keras does.")
    parser.add_argument("--only", action="append", choices=[asked.name for asked in ASKED])
    options = parser.parse_args()
    answers = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    failed = []
    for asked in ASKED:
        if options.only and asked.name not in options.only:
            continue
        print(f"{asked.name} on TensorFlow {asked.pair.tensorflow}", flush=True)
        given = ask(asked)
        if isinstance(given, str):
            failed.append(f"{asked.name}: {given}")
            print(f"  failed: {given}", flush=True)
        else:
            answers[asked.name] = given
            write(answers, FILE)
            print(f"  {len(given)} facts", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
