"""Outcomes and ledgers as they are printed, and as a notebook shows them."""
