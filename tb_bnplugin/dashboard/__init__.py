"""The TensorBoard plugin: entry point, routes, and the JSON they answer with."""
