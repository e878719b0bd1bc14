"""Volumes: masks of body, lungs and bone on CT, their millilitres, and nets that learn masks."""
