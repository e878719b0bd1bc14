"""Which medicine for this patient: one row per medicine, one column per question."""
