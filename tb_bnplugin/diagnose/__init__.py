"""Rules turn a history into outcomes."""
