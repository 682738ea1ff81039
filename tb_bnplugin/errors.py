"""One tree of errors."""
