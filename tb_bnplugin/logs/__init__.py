"""Log folders and data providers: read, checked, paired."""
