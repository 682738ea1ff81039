"""Compiled and measured losses and metrics."""
