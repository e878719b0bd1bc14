"""Molecules: reading, standardising, fingerprints, descriptors, scaffolds and splits."""
