"""One held batch through the model, with everything left as it was."""
