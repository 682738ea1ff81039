"""Preflight on the programs of `benchmarks/findings`: what it names before any training."""
