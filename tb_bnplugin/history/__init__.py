"""What was recorded, decoded."""
