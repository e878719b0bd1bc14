"""Who benefits from which of two treatments: from a task file to findings about one patient."""
