"""The scenarios: programs as users write them, each with what is wrong in it."""
