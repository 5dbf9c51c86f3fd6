"""Labelled images in memory, read from a label-first CSV, from IDX files, or from one folder a label."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from math import isqrt
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mnist_pipeline.errors import CsvError, DataError, ImageError
from mnist_pipeline.files import sha256_of
from mnist_pipeline.mnist.data.csv_rows import read_rows, row_batches
from mnist_pipeline.mnist.data.idx import Split, find_pair, has_split
from mnist_pipeline.mnist.data.images import IMAGE_SUFFIXES, read_grayscale

MAX_CLASSES = 256  # a label is one unsigned byte


@dataclass(frozen=True)
class Dataset:
    """Images and what they show.

    Attributes:
        images: Gray values 0..255, uint8, shape (n, height, width).
        labels: Class of each image, uint8, shape (n,).
        class_names: A name for each class; empty where the data give none.
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
        """Number of classes: of the names where there are any, otherwise the largest label plus one."""
        return len(self.class_names) or int(self.labels.max()) + 1


def read_csv_dataset(
    path: str | os.PathLike[str],
    image_size: tuple[int, int] | None = None,
    class_names: tuple[str, ...] = (),
) -> Dataset:
    """Read a label-first CSV; `path` is the file, or a folder that holds exactly one CSV.

    Args:
        path: The file or its folder.
        image_size: Height and width; when None the images are taken to be square.
        class_names: A name for each class, from label 0 on; empty when unknown.

    Raises:
        CsvError: no CSV or several, a malformed line, or a row that does not fit the image size.
    """
    file = sole_csv(Path(path))
    return _arranged(read_rows(file), file, image_size, class_names)


def csv_batches(path: str | os.PathLike[str], image_size: tuple[int, int], images: int) -> Iterator[Dataset]:
    """Yield a label-first CSV in order, `images` at a time, the rest at the end; in bounded memory.

    Args:
        path: The file, or a folder that holds exactly one CSV.
        image_size: Height and width.
        images: How many in a batch.

    Raises:
        CsvError: as `read_csv_dataset`, but a malformed line only when it is reached.
    """
    file = sole_csv(Path(path))
    for rows in row_batches(file, images):
        yield _arranged(rows, file, image_size)


def find_image_size(idx_data: str | os.PathLike[str]) -> tuple[int, int]:
    """Return (height, width) in pixels from the IDX files that a CSV was made from; the CSV itself does not tell.

    Raises:
        IdxError: the training images or labels in `idx_data` are missing or malformed.
    """
    images, _ = find_pair(Path(idx_data), "train")
    _, height, width = images.shape
    return height, width


def read_dataset(path: str | os.PathLike[str], split: Split, image_size: tuple[int, int] | None = None) -> Dataset:
    """Read whatever a data folder holds: one CSV, the IDX files of `split`, or one folder a label with images.

    Args:
        path: A CSV file, or a folder.
        split: Which IDX files to read: `train` (`train-*`) or `test` (`t10k-*`).
        image_size: Height and width for a CSV whose images are not square.

    Raises:
        DataError: the folder is missing or empty, or holds none of the three.
    """
    folder = Path(path)
    if folder.is_file():
        return read_csv_dataset(folder, image_size)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such file or folder; give a folder with a CSV, IDX files, or a folder a label.")
    if has_split(folder, split):
        return _read_idx(folder, split)
    if any(folder.glob("*.csv")):
        return read_csv_dataset(folder, image_size)
    if any(entry.is_dir() for entry in folder.iterdir()):
        return _read_image_folders(folder)
    raise DataError(
        f"{folder}: neither a CSV, nor the IDX files of the {split} split, nor one folder a label with PNG or JPEG "
        "images in it; give a folder with one of these."
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
    """Arrange the rows of `file`, label first, as images of a size, square when None."""
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


def data_digest(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of the data that `read_dataset` reads: of a file, of a folder's CSV, or of a whole folder.

    Raises:
        DataError: nothing is there, or a folder holds several CSV files.
    """
    data = Path(path)
    if not data.exists():
        raise DataError(f"{data}: no such file or folder; give the test data.")
    is_csv_folder = data.is_dir() and not has_split(data, "test") and any(data.glob("*.csv"))
    return sha256_of(sole_csv(data) if is_csv_folder else data)


def _read_idx(folder: Path, split: Split) -> Dataset:
    images, labels = find_pair(folder, split)
    count = images.shape[0]
    return Dataset(
        images=np.concatenate(list(images.batches(count))),
        labels=np.concatenate(list(labels.batches(count))),
    )


def _read_image_folders(folder: Path) -> Dataset:
    """Read one folder a label: the folder's name is the class name; names that are numbers sort as numbers."""
    names = sorted(
        (entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")),
        key=lambda name: (int(name), name) if name.isdecimal() else (MAX_CLASSES, name),
    )
    if len(names) > MAX_CLASSES:
        raise DataError(
            f"{folder}: {len(names)} folders are {len(names)} classes; at most {MAX_CLASSES} are supported."
        )
    images: list[npt.NDArray[np.uint8]] = []
    labels: list[int] = []
    for label, name in enumerate(names):
        files = sorted(file for file in (folder / name).iterdir() if file.suffix.lower() in IMAGE_SUFFIXES)
        if not files:
            raise DataError(f"{folder / name}: no PNG or JPEG image in it; every folder is a class and needs some.")
        for file in files:
            image = read_grayscale(file)
            if images and image.shape != images[0].shape:
                raise ImageError(
                    f"{file}: {image.shape[0]} x {image.shape[1]} pixels where the images before have "
                    f"{images[0].shape[0]} x {images[0].shape[1]}; bring all to one size."
                )
            images.append(image)
            labels.append(label)
    if not images:
        raise DataError(f"{folder}: no images in it; give one folder a label with PNG or JPEG images.")
    return Dataset(np.stack(images), np.array(labels, np.uint8), tuple(names))
