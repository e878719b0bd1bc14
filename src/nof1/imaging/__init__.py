"""Medical images: reading, gates before any score, training, and answers that may be refused."""
