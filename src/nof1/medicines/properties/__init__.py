"""Property and toxicity models of compounds: training, honest figures, prediction, reasons."""
