"""The JSON answers of the routes."""
