"""Facts as data files with one loader: every row names its source, version and validity."""
