"""How memory is given back to the operating system."""

import numpy as np

_BYTES = 1 << 24  # more than any array that is made anew for every batch


def keep_freed_memory() -> None:
    """Have the C library keep what NumPy frees, up to some tens of megabytes, for the next arrays.

    Otherwise glibc gives arrays of more than 128 kB back at once, and the next ones are mapped again page by page: a
    third of the time that it takes to read or write a CSV in batches. That size rises to the largest block that has
    been given back (M_MMAP_THRESHOLD in the manual page mallopt(3)); elsewhere than with glibc nothing changes.
    """
    block = np.empty(_BYTES, np.uint8)
    del block
