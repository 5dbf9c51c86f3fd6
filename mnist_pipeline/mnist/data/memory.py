"""When freed memory goes back to the operating system."""

import numpy as np

_BYTES = 1 << 24  # more than any array that is allocated again for every batch


def keep_freed_memory() -> None:
    """Make the C library keep memory that NumPy frees, up to some tens of megabytes, for the next arrays.

    By default glibc returns arrays of more than 128 kB to the operating system at once. Mapping the next arrays page by
    page takes a third of the time of reading or writing a CSV in batches. glibc raises this limit to the size of the
    largest block that has been freed (M_MMAP_THRESHOLD in the manual page mallopt(3)). Other C libraries ignore this.
    """
    block = np.empty(_BYTES, np.uint8)
    del block
