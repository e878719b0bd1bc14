"""Gates before any score: of a data set (leaks, shortcuts), and of one picture."""
