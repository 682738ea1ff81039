"""Preflight on the programs of `benchmarks/findings`: what it names before any training."""

from __future__ import annotations

from benchmarks.preflight.figures import run as run
