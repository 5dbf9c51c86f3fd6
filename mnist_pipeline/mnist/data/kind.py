"""What kind of images and labels a data set holds, found without decoding its images."""

import os
from dataclasses import dataclass
from pathlib import Path

from mnist_pipeline.mnist.data.csv_rows import row_batches
from mnist_pipeline.mnist.data.dataset import form_of, sole_csv
from mnist_pipeline.mnist.data.idx import Split, find_pair
from mnist_pipeline.mnist.data.image_folders import ImageFolders

_ROWS = 10_000  # of a CSV, read at a time


@dataclass(frozen=True)
class Kind:
    """The size of the images, and the labels.

    Attributes:
        pixels: Number of pixels of an image.
        image_size: Height and width in pixels; None if unknown, because a CSV does not tell.
        highest_label: The highest label.
        class_names: A name for each class; empty if the data have no names.
    """

    pixels: int
    image_size: tuple[int, int] | None
    highest_label: int
    class_names: tuple[str, ...] = ()


def kind_of(path: str | os.PathLike[str], split: Split, image_size: tuple[int, int] | None = None) -> Kind:
    """Find out what kind of data a folder holds; reads all labels, and of the images only the size.

    Args:
        path: What `read_dataset` reads.
        split: Which IDX files to look at.
        image_size: Height and width of the images in a CSV, if known.

    Raises:
        DataError: as `read_dataset`.
    """
    source = Path(path)
    form = form_of(source, split)
    if form == "IDX":
        images, labels = find_pair(source, split)
        _, height, width = images.shape
        return Kind(height * width, (height, width), max(labels.values()))
    if form == "image folders":
        folders = ImageFolders.open(source)
        first, _ = next(folders.batches(1))
        return Kind(first[0].size, first[0].shape, len(folders.class_names) - 1, folders.class_names)
    pixels, highest = 0, 0
    for rows in row_batches(sole_csv(source), _ROWS):
        pixels, highest = rows.shape[1] - 1, max(highest, int(rows[:, 0].max()))
    return Kind(pixels, image_size, highest)
