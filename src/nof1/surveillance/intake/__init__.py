"""Bringing files into the as-of store: reading, checking rows, merging."""
