"""What the columns of a history say, in the terms of the rules."""
