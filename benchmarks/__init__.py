"""Measurements of the pipeline's speed, compared with other programs; see `python -m benchmarks --help`."""
