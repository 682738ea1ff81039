"""The pytest plugin: a fixture that watches a training in a test."""
