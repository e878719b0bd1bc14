"""The curriculum: short lessons on reading a model's output, as data files with a typed loader."""
