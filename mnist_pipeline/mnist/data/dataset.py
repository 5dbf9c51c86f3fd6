"""Labelled images, read from a label-first CSV, from IDX files, or from one folder per label; whole or in batches."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from mnist_pipeline.errors import CsvError, DataError
from mnist_pipeline.files import sha256_of
from mnist_pipeline.mnist.data.csv_rows import read_rows, row_batches
from mnist_pipeline.mnist.data.idx import Split, find_pair, has_split
from mnist_pipeline.mnist.data.image_folders import ImageFolders
from mnist_pipeline.mnist.data.images import ColorNote

_BATCH_IMAGES = 10_000  # images read at a time when all are wanted


@dataclass(frozen=True)
class Dataset:
    """Images and their labels, in memory.

    Attributes:
        images: Gray values 0..255, uint8, shape (n, height, width).
        labels: Class of each image, uint8, shape (n,).
        class_names: A name for each class; empty if the data have no names.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]
    class_names: tuple[str, ...] = ()

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.images.shape[1], self.images.shape[2]

    @property
    def n_classes(self) -> int:
        """Number of classes: the number of names if there are names, otherwise the largest label plus one."""
        return len(self.class_names) or int(self.labels.max()) + 1


def read_csv_dataset(
    path: str | os.PathLike[str],
    image_size: tuple[int, int] | None = None,
    class_names: tuple[str, ...] = (),
) -> Dataset:
    """Read a label-first CSV.

    Args:
        path: The file, or a folder with exactly one CSV.
        image_size: Height and width; None means that the images are square.
        class_names: A name for each class, from label 0 on; empty if unknown.

    Raises:
        CsvError: no CSV or several, a malformed line, or a row that does not fit the image size.
    """
    file = sole_csv(Path(path))
    return _arranged(read_rows(file), file, image_size, class_names)


def find_image_size(idx_data: str | os.PathLike[str]) -> tuple[int, int]:
    """Return (height, width) in pixels from the IDX files that a CSV was made from; the CSV itself does not tell.

    Raises:
        IdxError: the training images or labels in `idx_data` are missing or malformed.
    """
    images, _ = find_pair(Path(idx_data), "train")
    _, height, width = images.shape
    return height, width


def read_dataset(path: str | os.PathLike[str], split: Split, image_size: tuple[int, int] | None = None) -> Dataset:
    """Read all data of a folder: one CSV, the IDX files of `split`, or one folder per label with images.

    Args:
        path: A CSV file, or a folder.
        split: Which IDX files to read: `train` (`train-*`) or `test` (`t10k-*`).
        image_size: Height and width of the images in a CSV; None means that they are square.

    Raises:
        DataError: the folder is missing or empty, or has none of the three forms, or a file in it is malformed.
    """
    if form_of(Path(path), split) == "CSV":
        return read_csv_dataset(path, image_size)
    batches = list(read_batches(path, split, _BATCH_IMAGES))
    return Dataset(
        images=np.concatenate([batch.images for batch in batches]),
        labels=np.concatenate([batch.labels for batch in batches]),
        class_names=batches[0].class_names,
    )


def read_batches(
    path: str | os.PathLike[str], split: Split, images: int, image_size: tuple[int, int] | None = None
) -> Iterator[Dataset]:
    """Yield what `read_dataset` reads, in the same order, batch by batch in bounded memory.

    At the first image file in color, it prints that colors are turned to gray.

    Args:
        path: A CSV file, or a folder.
        split: Which IDX files to read: `train` (`train-*`) or `test` (`t10k-*`).
        images: How many images in a batch; the last batch may have fewer.
        image_size: Height and width of the images in a CSV; None means that they are square.

    Raises:
        DataError: as `read_dataset`; a malformed file is noticed only when the malformed part is reached.
    """
    source = Path(path)
    form = form_of(source, split)
    if form == "CSV":
        file = sole_csv(source)
        for rows in row_batches(file, images):
            yield _arranged(rows, file, image_size)
    elif form == "IDX":
        image_file, label_file = find_pair(source, split)
        for image_batch, label_batch in zip(image_file.batches(images), label_file.batches(images), strict=True):
            yield Dataset(image_batch, label_batch)
    else:
        folders = ImageFolders.open(source)
        for image_batch, label_batch in folders.batches(images, ColorNote(print)):
            yield Dataset(image_batch, label_batch, folders.class_names)


def form_of(path: Path, split: Split) -> Literal["CSV", "IDX", "image folders"]:
    """Tell which of the three forms the data have.

    Raises:
        DataError: none of them.
    """
    if path.is_file():
        return "CSV"
    if not path.is_dir():
        raise DataError(
            f"{path}: no such file or folder; give a folder with a CSV, with IDX files, or with one folder per label."
        )
    if has_split(path, split):
        return "IDX"
    if any(path.glob("*.csv")):
        return "CSV"
    if any(entry.is_dir() for entry in path.iterdir()):
        return "image folders"
    raise DataError(
        f"{path}: has neither a CSV, nor the IDX files of the {split} split, nor one folder per label with PNG or JPEG "
        "images; give a folder with one of these."
    )


def sole_csv(path: Path) -> Path:
    """Return `path` if it is a file, or the one CSV in the folder `path`.

    Raises:
        CsvError: nothing is there, or the folder holds no CSV or several.
    """
    if path.is_file():
        return path
    if not path.is_dir():
        raise CsvError(f"{path}: no such file or folder; give a CSV, or a folder with exactly one.")
    found = sorted(path.glob("*.csv"))
    if len(found) != 1:
        names = ", ".join(file.name for file in found)
        raise CsvError(
            f"{path}: holds {len(found)} CSV files{f' ({names})' if names else ''} where exactly one is needed; "
            "give the file itself or a folder with one."
        )
    return found[0]


def _arranged(
    rows: npt.NDArray[np.uint8], file: Path, image_size: tuple[int, int] | None, class_names: tuple[str, ...] = ()
) -> Dataset:
    """Arrange the rows of `file`, label first, as images; when `image_size` is None they are square."""
    n_pixels = rows.shape[1] - 1
    if n_pixels == 0:
        raise CsvError(f"{file}: a line has only one value; it must have a label and at least one pixel.")
    if image_size is None:
        side = isqrt(n_pixels)
        if side * side != n_pixels or side == 0:
            raise CsvError(
                f"{file}: {n_pixels} pixels per line do not make a square image; name the folder of the IDX files that "
                "the CSV was made from (idx_data)."
            )
        image_size = (side, side)
    height, width = image_size
    if height * width != n_pixels:
        raise CsvError(
            f"{file}: a line has {n_pixels} pixels, but an image of {height} x {width} has {height * width}."
        )
    return Dataset(images=rows[:, 1:].reshape(-1, height, width), labels=rows[:, 0], class_names=class_names)


def data_digest(path: str | os.PathLike[str], split: Split = "test") -> str:
    """Return the SHA-256 of data: of the CSV if `read_dataset` would read one, otherwise of the whole folder.

    Args:
        path: A CSV file, or a folder.
        split: Which IDX files `read_dataset` would read: `train` (`train-*`) or `test` (`t10k-*`).

    Raises:
        DataError: there is no such file or folder, or the folder has several CSV files.
    """
    data = Path(path)
    if not data.exists():
        raise DataError(f"{data}: no such file or folder; give the {split} data.")
    is_csv_folder = data.is_dir() and not has_split(data, split) and any(data.glob("*.csv"))
    return sha256_of(sole_csv(data) if is_csv_folder else data)
