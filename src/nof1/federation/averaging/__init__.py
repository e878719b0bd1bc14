"""Weights that sites train together: exact sums for one layer, averages for deep networks."""
