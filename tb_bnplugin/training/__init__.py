"""The process that trains: records made, completed, written and judged."""
