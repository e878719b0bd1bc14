"""Probabilistic forecasts of the coming weeks: several members, pooled by their past."""
