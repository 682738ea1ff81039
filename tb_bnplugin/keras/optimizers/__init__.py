"""The optimizers that train a model: found, and read. They are never wrapped or changed."""
