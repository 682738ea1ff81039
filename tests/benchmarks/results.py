"""Made-up results of programs."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.results import Found, Proof, Result

HELD = (Proof(text="the fault is there", held=True),)


def faulty(name: str, *expected: str, found: tuple[str, ...] = (), **values: Any) -> Result:
    """A faulty program on Keras 3 whose expected codes are found, or those given."""
    defaults: dict[str, Any] = {
        "kind": "faulty",
        "flavour": "keras",
        "proofs": HELD,
        "evidence_call": 1,
        "changed": False,
    }
    errors = tuple(Found(code=code, severity="error") for code in found)
    return Result(name=name, expected=expected, found=errors, **{**defaults, **values})


def healthy(name: str, *found: Found, **values: Any) -> Result:
    """A healthy program on Keras 3 with these findings."""
    defaults: dict[str, Any] = {
        "kind": "healthy",
        "flavour": "keras",
        "proofs": HELD,
        "changed": False,
    }
    return Result(name=name, found=found, **{**defaults, **values})
