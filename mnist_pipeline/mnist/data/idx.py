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
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import numpy.typing as npt
from isal import igzip, isal_zlib

from mnist_pipeline.errors import IdxError

UNSIGNED_BYTE = 0x08

# isal reads gzip twice as fast as zlib; its type hints do not cover these two.
_gunzip: Callable[[Path], BinaryIO] = igzip.open
_NotDeflated: type[Exception] = isal_zlib.IsalError  # type: ignore[assignment]

_READ_BYTES = 1 << 24  # at a time: a damaged header that promises terabytes must not allocate them

Split = Literal["train", "test"]
_PREFIX: dict[Split, str] = {"train": "train", "test": "t10k"}


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


def find_pair(folder: Path, split: Split) -> tuple[IdxFile, IdxFile]:
    """Find the images and the labels of a split, and check that there are as many of the one as of the other.

    The names are `train-images-idx3-ubyte` (`t10k-` for the test split), with a dash or a dot before `idx`, plain or
    with `.gz`.

    Raises:
        IdxError: a file is missing or malformed, or the two differ in length.
    """
    if not folder.is_dir():
        raise IdxError(f"{folder}: no such folder; give the folder that holds the four IDX files.")
    images = IdxFile.open(_find(folder, f"{_PREFIX[split]}-images", dimensions=3), dimensions=3)
    labels = IdxFile.open(_find(folder, f"{_PREFIX[split]}-labels", dimensions=1), dimensions=1)
    if images.shape[0] != labels.shape[0]:
        raise IdxError(
            f"{images.path} holds {images.shape[0]} images but {labels.path.name} holds {labels.shape[0]} labels; "
            "give files that belong to each other."
        )
    return images, labels


def has_split(folder: Path, split: Split) -> bool:
    """Tell whether `folder` holds an image file of the split."""
    return any((folder / name).is_file() for name in _spellings(f"{_PREFIX[split]}-images", 3))


def _spellings(stem: str, dimensions: int) -> list[str]:
    names = [f"{stem}{separator}idx{dimensions}-ubyte" for separator in "-."]
    return names + [f"{name}.gz" for name in names]


def _find(folder: Path, stem: str, dimensions: int) -> Path:
    names = _spellings(stem, dimensions)
    for name in names:
        if (folder / name).is_file():
            return folder / name
    there = sorted(path.name for path in folder.iterdir())
    found = f"it holds {', '.join(there[:5])}{', ...' if len(there) > 5 else ''}" if there else "the folder is empty"
    raise IdxError(f"{folder}: {names[0]} is missing (plain, or with .gz); {found}.")


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
        found = f"wrong magic number 0x{header[:4].hex()}" if header else "the file is empty"
        raise IdxError(
            f"{path}: {found}; IDX of unsigned bytes with "
            f"{dimensions} dimension{'s' if dimensions > 1 else ''} starts with 0x{expected.hex()}."
        )
    if len(header) < size:
        raise IdxError(f"{path}: the file ends inside its header of {size} bytes; it is cut off, fetch it again.")
    shape = struct.unpack(f">{dimensions}I", header[4:])
    if 0 in shape:
        raise IdxError(f"{path}: the header gives the shape {shape}, so there is nothing in it; give a file with data.")
    return shape
