"""Lines of the user's program: which one called, which one set."""
