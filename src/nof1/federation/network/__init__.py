"""The network engine: sites and a coordinator as processes of their own, joined by mutual TLS."""
