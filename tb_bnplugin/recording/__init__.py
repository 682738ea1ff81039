"""The training side: what Keras layers, losses and metrics do, counted, read and described."""
