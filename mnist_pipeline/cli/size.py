"""File sizes in a form that people read easily."""


def size_of(size: int) -> str:
    """Return a number of bytes with its unit, such as `12.3 kB`."""
    return f"{size} bytes" if size < 1000 else f"{size / 1000:.1f} kB" if size < 10**6 else f"{size / 10**6:.1f} MB"


def files_of(files: int, size: int) -> str:
    """Return the number of files and their total size, such as `1 file, 12.3 kB`."""
    return f"{files} file{'' if files == 1 else 's'}, {size_of(size)}"
