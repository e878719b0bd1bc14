"""Who is helped by which of two options: effects per person, on summed statistics alone."""
