"""The records of a run, decoded."""
