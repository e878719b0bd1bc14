"""Differential privacy without a trusted centre: noise of every site inside the masked sum."""
