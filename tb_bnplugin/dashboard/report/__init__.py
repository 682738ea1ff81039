"""The page with its answers in one file, for who has neither the log nor a TensorBoard."""
