"""Hypotheses about new uses of medicines, held against popularity, withheld when no better."""
