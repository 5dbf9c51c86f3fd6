"""The embedded sample: 500 training and 100 test images of each class of Fashion-MNIST, as IDX files.

It is not part of a job's snapshot. `tools/make_sample.py` made the files.
"""

from pathlib import Path


def sample_folder() -> Path:
    """Return the folder with the four IDX files. It holds nothing else, so it can be uploaded as a whole."""
    return Path(__file__).parent / "idx"
