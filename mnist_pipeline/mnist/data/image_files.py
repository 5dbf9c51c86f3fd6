"""Image files that a person names: single files, folders, and patterns such as `photos/*.png`."""

import glob
import os
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from mnist_pipeline.errors import ImageError
from mnist_pipeline.mnist.data.images import IMAGE_SUFFIXES

_REMEDY = "give a PNG or JPEG image, a folder of images, or a pattern such as 'photos/*.png'."


def find_image_files(names: Sequence[str]) -> Iterator[Path]:
    """Find the image files that some names stand for, in the order of the names.

    A folder stands for the PNG and JPEG files in it and in the folders below it, in the order of their names. A pattern
    stands for the PNG and JPEG files and the folders that match. Hidden files and folders are left out unless they are
    named. A file that is named twice is found twice.

    Args:
        names: Each a file, a folder, or a pattern with `*`, `?`, `[...]`, or `**` for any number of folders.

    Returns:
        The files, found one by one, so that a large folder takes no memory.

    Raises:
        ImageError: a name stands for no image; this is found out at once. A folder that cannot be listed is found out
            when it is reached.
    """
    return chain.from_iterable([_found(name) for name in names])


def _found(name: str) -> Iterator[Path]:
    path = Path(name)
    if path.is_file():
        return iter([path])
    if path.is_dir():
        return _at_least_one(_images_below(path), f"{path}: no PNG or JPEG image in it; {_REMEDY}")
    if glob.has_magic(name):
        return _at_least_one(iter(dict.fromkeys(_matching(name))), f"{path}: matches no PNG or JPEG image; {_REMEDY}")
    raise ImageError(f"{path}: no such file or folder; {_REMEDY}")


def _at_least_one(files: Iterator[Path], otherwise: str) -> Iterator[Path]:
    first = next(files, None)
    if first is None:
        raise ImageError(otherwise)
    return chain([first], files)


def _matching(pattern: str) -> Iterator[Path]:
    for name in sorted(glob.iglob(pattern, recursive=True)):  # noqa: PTH207  # Path.glob takes no absolute pattern
        path = Path(name)
        if path.is_dir():
            yield from _images_below(path)
        elif path.is_file() and _is_image(path.name):
            yield path


def _images_below(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        names = sorted(name for name in files if _is_image(name) and not name.startswith("."))
        yield from (Path(parent, name) for name in names)


def _is_image(name: str) -> bool:
    return Path(name).suffix.lower() in IMAGE_SUFFIXES


def _refuse(error: OSError) -> None:
    """Report a folder that `os.walk` would leave out silently."""
    raise ImageError(f"{error.filename}: cannot be listed ({error.strerror}); change the permissions.") from error
