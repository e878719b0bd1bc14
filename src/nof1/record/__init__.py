"""Records in: importing, quality, de-identification, and one patient as known at a moment."""
