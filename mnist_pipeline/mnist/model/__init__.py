"""A trained classifier: used, saved, loaded."""
