"""IDX files to label-first CSV, byte for byte what Microsoft's sample converter writes.

One line per image, ended by `\\n`: the label, then the pixels 0..255 row by row, in decimal, separated by commas.
"""

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mnist_pipeline.files import written_whole
from mnist_pipeline.mnist.data.idx import IdxFile, Split, find_splits
from mnist_pipeline.mnist.data.memory import keep_freed_memory
from mnist_pipeline.mnist.data.threads import map_in_threads

TRAIN_CSV = "mnist_train.csv"
TEST_CSV = "mnist_test.csv"

_BATCH_BYTES = 1 << 18  # values encoded at a time: their text, eight times as long, stays near the cache


def prepare_data(
    input_data: str | os.PathLike[str],
    training_data: str | os.PathLike[str],
    test_data: str | os.PathLike[str],
) -> None:
    """Write `training_data/mnist_train.csv` and `test_data/mnist_test.csv`: both, or neither.

    Args:
        input_data: Folder with the four IDX files, each plain or `.gz`.
        training_data: Folder for the training CSV, created if missing.
        test_data: Folder for the test CSV, created if missing.

    Raises:
        IdxError: a file is missing or malformed, or the two splits do not belong to each other.
        OutputError: an output folder cannot be written to.
    """
    targets: dict[Split, Path] = {"train": Path(training_data) / TRAIN_CSV, "test": Path(test_data) / TEST_CSV}
    pairs = find_splits(Path(input_data))
    keep_freed_memory()
    with written_whole(*targets.values()) as partial:
        for (split, target), path in zip(targets.items(), partial, strict=True):
            images, labels = pairs[split]
            write_csv(images, labels, path)
            count, height, width = images.shape
            print(f"{target.name}: {count} images of {height} x {width} pixels", flush=True)


def write_csv(images: IdxFile, labels: IdxFile, path: Path) -> None:
    """Write images and labels to `path`, in bounded memory.

    Args:
        images: As many as there are labels.
        labels: As many as there are images.
        path: The CSV to write.

    Raises:
        IdxError: a file holds fewer or more bytes than its header promises.
    """
    _, height, width = images.shape
    batch = max(1, _BATCH_BYTES // (1 + height * width))
    with path.open("wb") as stream:
        for text in map_in_threads(_encode, zip(labels.batches(batch), images.batches(batch), strict=True)):
            stream.write(text)


def encode_rows(rows: npt.NDArray[np.uint8]) -> bytes:
    """Return the CSV text of a uint8 array of shape (n, columns): commas inside a row, `\\n` at its end.

    A table holds the text of every pair of values, padded with zero bytes, which are deleted in the end. Pairs halve
    the number of look-ups. If the number of columns is odd, the first one is looked up alone.

    Args:
        rows: At least two columns.
    """
    alone = rows.shape[1] % 2
    pairs = np.ascontiguousarray(rows[:, alone:]).view(np.uint16)
    cells = np.empty((len(rows), alone + pairs.shape[1]), np.uint64)
    cells[:, :alone] = _CELLS[rows[:, :alone]]
    np.take(_PAIRS, pairs, out=cells[:, alone:], mode="clip")  # no index is out of bounds, and clip skips the check
    cells.view(np.uint32)[:, -1] = _LAST_CELLS[rows[:, -1]]
    return cells.tobytes().translate(None, b"\0")


def _encode(batch: tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]) -> bytes:
    labels, images = batch
    return encode_rows(np.concatenate([labels[:, None], images.reshape(len(images), -1)], axis=1))


def _table(end: str) -> npt.NDArray[np.uint32]:
    """Return the text of the 256 values with their separator, each padded with zero bytes to the four of a uint32."""
    return np.frombuffer(b"".join(f"{value}{end}".encode().ljust(4, b"\0") for value in range(256)), np.uint32)


def _pair_table(cells: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint64]:
    """Return the text of all pairs of values, eight bytes each, shape (65536,), indexed by the uint16 of the pair."""
    pairs = np.arange(1 << 16, dtype=np.uint16).view(np.uint8)
    return cells[pairs].view(np.uint64)


_CELLS = _table(",")
_LAST_CELLS = _table("\n")
_PAIRS = _pair_table(_CELLS)
