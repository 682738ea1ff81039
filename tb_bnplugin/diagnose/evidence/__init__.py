"""The columns of a history, in the terms of the rules."""
