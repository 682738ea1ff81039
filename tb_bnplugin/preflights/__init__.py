"""What training will do, before it begins: one step, looked at and taken back."""
