"""Libraries of compounds: index them once, search them exactly, screen them for a target."""
