"""The preflight: a few steps of a training that has not begun, looked at and taken back."""
