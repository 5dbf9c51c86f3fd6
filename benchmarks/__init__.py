"""How fast the pipeline is, measured against its peers; see `python -m benchmarks --help`."""
