"""The parts of a model, and its present state."""
