"""Forecasts in the hub format: rows, their rules, and the flat baseline all are compared with."""
