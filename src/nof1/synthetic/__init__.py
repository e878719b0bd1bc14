"""The synthetic hospital and epidemic: the truth is known, the files are those of real ones."""
