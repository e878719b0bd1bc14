"""Checks of a signal's quality: what is wrong or odd, where, and what it means for the answers."""
