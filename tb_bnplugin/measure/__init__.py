"""From plain readings to the rows of a record: numpy only."""
