"""Governance: which rules and models may be heard, why, who said so, and what became of them."""
