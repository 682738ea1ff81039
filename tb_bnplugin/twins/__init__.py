"""One step of `fit` and one of another program, side by side: the first difference, and all."""
