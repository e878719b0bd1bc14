"""nof1: machine learning for personalised medicine."""
