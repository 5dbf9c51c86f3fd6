"""The IDX format of MNIST: a big-endian header, then unsigned bytes.

The format is described at https://github.com/cvdfoundation/mnist#file-formats (first on Yann LeCun's MNIST page): a
magic number of four bytes (0, 0, type, number of dimensions), a 32-bit size for each dimension, then the data in
row-major order. Type 0x08 is the unsigned byte, the only type in MNIST-formatted data.
"""

import gzip
import math
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import numpy.typing as npt
from isal import igzip, isal_zlib

from mnist_pipeline.errors import IdxError

UNSIGNED_BYTE = 0x08
_TYPES = {
    UNSIGNED_BYTE: "unsigned bytes",
    0x09: "signed bytes",
    0x0B: "16-bit integers",
    0x0C: "32-bit integers",
    0x0D: "32-bit floats",
    0x0E: "64-bit floats",
}

# isal reads gzip twice as fast as zlib; its type hints do not cover these two.
_gunzip: Callable[[Path], BinaryIO] = igzip.open
_NotDeflated: type[Exception] = isal_zlib.IsalError  # type: ignore[assignment]

_COMPARED_BYTES = 1 << 20  # at a time
_READ_BYTES = 1 << 24  # at a time: a damaged header that promises terabytes must not allocate them

Split = Literal["train", "test"]
Content = Literal["images", "labels"]
_PREFIX: dict[Split, str] = {"train": "train", "test": "t10k"}
_DIMENSIONS: dict[Content, int] = {"images": 3, "labels": 1}


@dataclass(frozen=True)
class IdxFile:
    """An IDX file whose header has been read and checked.

    Attributes:
        path: The file, plain or gzip-compressed.
        shape: The sizes in the header: (n,) for labels, (n, height, width) for images.
    """

    path: Path
    shape: tuple[int, ...]

    @classmethod
    def open(cls, path: Path, dimensions: int) -> "IdxFile":
        """Read the header of `path`.

        Raises:
            IdxError: the file cannot be read, is empty, or is not IDX of unsigned bytes with that number of dimensions.
        """
        with _reading(path) as stream:
            return cls(path, _header(stream, path, dimensions))

    def batches(self, items: int) -> Iterator[npt.NDArray[np.uint8]]:
        """Yield the data as uint8 arrays of shape (up to `items`, *shape[1:]), in order.

        Raises:
            IdxError: the file holds fewer or more bytes than its header promises, or is damaged.
        """
        item_bytes = math.prod(self.shape[1:])
        promised = self.shape[0] * item_bytes
        found = 0
        with _reading(self.path) as stream:
            _header(stream, self.path, len(self.shape))
            while found < promised:
                block = _read_up_to(stream, min(items * item_bytes, promised - found))
                found += len(block)
                if found < promised and len(block) < items * item_bytes:
                    raise IdxError(
                        f"{self.path}: the header promises {promised} bytes of data, the file holds only {found}; "
                        "it is cut off, fetch it again."
                    )
                yield np.frombuffer(block, np.uint8).reshape(-1, *self.shape[1:])
            if stream.read(1):
                raise IdxError(
                    f"{self.path}: the header promises {promised} bytes of data, the file holds more; "
                    "header and data do not match, fetch it again."
                )

    def values(self) -> set[int]:
        """Return the values that occur in the data, such as the labels that a label file uses.

        Raises:
            IdxError: as `batches`.
        """
        counts = np.zeros(256, np.int64)
        for batch in self.batches(_READ_BYTES):
            counts += np.bincount(batch.ravel(), minlength=256)
        return set(np.flatnonzero(counts).tolist())


Pair = tuple[IdxFile, IdxFile]  # the images and the labels of a split


def find_splits(folder: Path) -> dict[Split, Pair]:
    """Find the pairs of both splits, and check that they belong to each other; reads all labels, but no images.

    Raises:
        IdxError: as `find_pair`; or the test images have another size than the training images, or a label that no
            training image has.
    """
    pairs: dict[Split, Pair] = {split: find_pair(folder, split) for split in _PREFIX}
    (train_images, train_labels), (test_images, test_labels) = pairs["train"], pairs["test"]
    if train_images.shape[1:] != test_images.shape[1:]:
        train_size, test_size = ("{1} x {2}".format(*images.shape) for images in (train_images, test_images))
        raise IdxError(
            f"{test_images.path}: the test images are {test_size} pixels, but the training images in "
            f"{train_images.path.name} are {train_size}; bring all images to one size."
        )
    if unknown := sorted(test_labels.values() - train_labels.values()):
        shown = ", ".join(map(str, unknown[:5])) + (", ..." if len(unknown) > 5 else "")
        labels = f"the label {shown}, which" if len(unknown) == 1 else f"the labels {shown}, which"
        raise IdxError(
            f"{test_labels.path}: holds {labels} no training image has; add such training images to "
            f"{train_images.path.name}, or leave those test images out."
        )
    return pairs


def find_pair(folder: Path, split: Split) -> Pair:
    """Find the images and the labels of a split, and check that there are as many of the one as of the other.

    The names are `train-images-idx3-ubyte` (`t10k-` for the test split), with a dash or a dot before `idx`, plain or
    with `.gz`. A file may be there under several of these names if the content is the same.

    Raises:
        IdxError: a file is missing or malformed, is there twice with different content, or the two differ in length.
    """
    if not folder.is_dir():
        raise IdxError(f"{folder}: no such folder; give the folder that holds the four IDX files.")
    images, labels = (
        IdxFile.open(_find(folder, split, content), dimensions) for content, dimensions in _DIMENSIONS.items()
    )
    if images.shape[0] != labels.shape[0]:
        raise IdxError(
            f"{images.path} holds {images.shape[0]} images but {labels.path.name} holds {labels.shape[0]} labels; "
            "give files that belong to each other."
        )
    return images, labels


def has_split(folder: Path, split: Split) -> bool:
    """Tell whether `folder` holds an image file of the split."""
    return any((folder / name).is_file() for name in file_names(split, "images"))


def file_names(split: Split, content: Content) -> list[str]:
    """Return all names that a file may have: the standard name, with a dot, and each of them with `.gz`."""
    names = [f"{_PREFIX[split]}-{content}{separator}idx{_DIMENSIONS[content]}-ubyte" for separator in "-."]
    return names + [f"{name}.gz" for name in names]


def _find(folder: Path, split: Split, content: Content) -> Path:
    names = file_names(split, content)
    if found := [folder / name for name in names if (folder / name).is_file()]:
        for other in found[1:]:
            if not _same_content(found[0], other):
                raise IdxError(
                    f"{folder}: {found[0].name} and {other.name} hold different data; remove the one that you do not "
                    "mean."
                )
        return found[0]
    there = sorted(path.name for path in folder.iterdir())
    holds = f"it holds {', '.join(there[:5])}{', ...' if len(there) > 5 else ''}" if there else "the folder is empty"
    raise IdxError(f"{folder}: {names[0]} is missing (plain, or with .gz); {holds}.")


def _same_content(one: Path, other: Path) -> bool:
    """Compare two files after gzip's decompression, block by block up to the first difference."""
    with _reading(one) as stream, _reading(other) as other_stream:
        return all(block == other_block for block, other_block in zip_longest(_blocks(stream), _blocks(other_stream)))


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    while block := _read_up_to(stream, _COMPARED_BYTES):
        yield block


@contextmanager
def _reading(path: Path) -> Iterator[BinaryIO]:
    try:
        with _gunzip(path) if path.suffix == ".gz" else path.open("rb") as stream:
            yield stream
    except (EOFError, gzip.BadGzipFile, _NotDeflated) as error:
        raise IdxError(f"{path}: the gzip data are damaged ({error}); fetch the file again.") from error
    except OSError as error:
        raise IdxError(f"{path}: cannot be read ({error.strerror or error}).") from error


def _read_up_to(stream: BinaryIO, size: int) -> bytes:
    """Read `size` bytes, fewer only at the end of the stream."""
    blocks: list[bytes] = []
    while size > 0 and (block := stream.read(min(size, _READ_BYTES))):
        blocks.append(block)
        size -= len(block)
    return b"".join(blocks)


def _header(stream: BinaryIO, path: Path, dimensions: int) -> tuple[int, ...]:
    size = 4 + 4 * dimensions
    header = _read_up_to(stream, size)
    expected = bytes([0, 0, UNSIGNED_BYTE, dimensions])
    if header[:4] != expected:
        found, remedy = _explained(header, dimensions)
        raise IdxError(
            f"{path}: {found}; IDX of unsigned bytes with "
            f"{dimensions} dimension{'s' if dimensions > 1 else ''} starts with 0x{expected.hex()}; {remedy}."
        )
    if len(header) < size:
        raise IdxError(f"{path}: the file ends inside its header of {size} bytes; it is cut off, fetch it again.")
    shape = struct.unpack(f">{dimensions}I", header[4:])
    if 0 in shape:
        raise IdxError(f"{path}: the header gives the shape {shape}, so there is nothing in it; give a file with data.")
    return shape


def _explained(header: bytes, dimensions: int) -> tuple[str, str]:
    """Say what a file with another magic number holds, as far as IDX tells, and what to do about it."""
    if not header:
        return "the file is empty", "fetch it again"
    found = f"wrong magic number 0x{header[:4].hex()}"
    if len(header) < 4 or header[:2] != b"\0\0" or header[2] not in _TYPES:
        return found, "give an IDX file"
    type_, found_dimensions = header[2:4]
    plural = "s" if found_dimensions > 1 else ""
    found += f", which means IDX of {_TYPES[type_]} with {found_dimensions} dimension{plural}"
    if type_ != UNSIGNED_BYTE:
        return found, "bring the values to whole numbers from 0 to 255 and write them with mnist_pipeline.write_idx"
    if (found_dimensions, dimensions) == (4, 3):
        return (
            f"{found}, as color images have",
            "convert the images to gray, for example with images.mean(axis=-1).astype('uint8'), and write them with "
            "mnist_pipeline.write_idx",
        )
    return found, "give the file that belongs under this name"
