"""Trained classifiers: using, saving and loading them."""
