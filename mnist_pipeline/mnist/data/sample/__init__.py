"""Where the embedded sample is: 500 training and 100 test images of each class of Fashion-MNIST, as IDX.

Not part of a job's snapshot. `tools/make_sample.py` made the files.
"""

from pathlib import Path


def sample_folder() -> Path:
    """Return the folder with the four IDX files, and nothing else: it may be uploaded."""
    return Path(__file__).parent / "idx"
