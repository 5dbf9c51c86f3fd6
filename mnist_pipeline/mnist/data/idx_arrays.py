"""IDX files made from NumPy arrays."""

import gzip
import os
import struct
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from mnist_pipeline.errors import DataError, OutputError
from mnist_pipeline.files import written_whole
from mnist_pipeline.mnist.data.idx import UNSIGNED_BYTE, Content, Split, file_names

_GZIP_LEVEL = 6  # 9, Python's default, takes much longer and saves little
_SHAPES: dict[Content, tuple[int, str]] = {"images": (3, "(n, height, width)"), "labels": (1, "(n,)")}


def write_idx(
    folder: str | os.PathLike[str],
    split: Split,
    images: npt.NDArray[np.integer[Any]],
    labels: npt.NDArray[np.integer[Any]],
    *,
    gz: bool = False,
) -> None:
    """Write the images and labels of a split as IDX files, with the names that MNIST uses: both files, or neither.

    A folder with both splits is what `mnist-pipeline run --data` and `image_classification_pipeline` read.

    Args:
        folder: Where to write, created if missing. Files of the same names are replaced.
        split: `train` writes `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`; `test` writes `t10k-...`.
        images: Gray values 0..255, of any integer type, shape (n, height, width). The objects should be light on a
            black background, as in MNIST, if images from elsewhere are to be classified later.
        labels: Class of each image, 0..255, of any integer type, shape (n,).
        gz: Compress the files with gzip, and add `.gz` to their names. Equal arrays give equal files.

    Raises:
        DataError: there is no such split; an array is empty or has another shape or type; a value is not 0..255; or
            there are not as many labels as images.
        OutputError: `folder` cannot be written to, or holds one of the files under another spelling of its name.
    """
    if split not in get_args(Split):
        raise DataError(f"split is {split!r}; it must be {' or '.join(get_args(Split))}.")
    contents: dict[Content, npt.NDArray[np.uint8]] = {
        "images": _unsigned_bytes("images", images),
        "labels": _unsigned_bytes("labels", labels),
    }
    n_images, n_labels = map(len, contents.values())
    if n_images != n_labels:
        raise DataError(f"there are {n_images} images but {n_labels} labels; give one label for each image.")
    targets = [_target(Path(folder), split, content, gz) for content in contents]
    with written_whole(*targets) as partial:
        for array, path in zip(contents.values(), partial, strict=True):
            _write(array, path, gz)


def _unsigned_bytes(what: Content, values: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    array = np.asarray(values)
    dimensions, shape = _SHAPES[what]
    if array.ndim != dimensions or not array.size:
        raise DataError(f"the {what} have the shape {array.shape}; it must be {shape}, and no size may be 0.")
    if not np.issubdtype(array.dtype, np.integer):
        raise DataError(
            f"the {what} are of type {array.dtype}; they must be whole numbers from 0 to 255, so scale them if "
            "necessary and convert them with astype('uint8')."
        )
    lowest, highest = int(array.min()), int(array.max())
    if lowest < 0 or highest > 255:
        raise DataError(f"the {what} go from {lowest} to {highest}; they must be from 0 to 255.")
    return array.astype(np.uint8)


def _target(folder: Path, split: Split, content: Content, gz: bool) -> Path:
    """Return the file to write; a file under another spelling of its name would make the folder ambiguous."""
    names = file_names(split, content)
    standard = names[0] + (".gz" if gz else "")
    for name in names:
        if name != standard and (folder / name).exists():
            raise OutputError(f"{folder / name}: stands beside {standard}, which means the same; remove it first.")
    return folder / standard


def _write(array: npt.NDArray[np.uint8], path: Path, gz: bool) -> None:
    header = bytes([0, 0, UNSIGNED_BYTE, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    data = np.ascontiguousarray(array).data
    with path.open("wb") as file:
        if gz:  # without name and time, so that equal arrays give equal files
            with gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0) as stream:
                stream.write(header)
                stream.write(data)
        else:
            file.write(header)
            file.write(data)
