"""How cell lines answer to drugs, and whether a model knows more about it than an average does."""
