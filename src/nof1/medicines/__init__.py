"""Medicines: which one for a patient, how compounds behave, which compound next."""
