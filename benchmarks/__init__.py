"""What the project costs, measured side by side in one process."""
