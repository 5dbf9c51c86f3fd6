"""The assumptions that this package makes about Azure ML, and the probe that checks them in a workspace."""
