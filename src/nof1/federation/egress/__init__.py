"""Before a model leaves: what a privacy officer must know of it, in one signed file."""
