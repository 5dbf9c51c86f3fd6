"""Registering a model: verify the evidence, decide, record."""
