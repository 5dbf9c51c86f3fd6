"""Scoring a model: predictions, metrics, pictures."""
