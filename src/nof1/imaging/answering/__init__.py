"""From one picture to an answer: gates first, then a calibrated probability or an open refusal."""
