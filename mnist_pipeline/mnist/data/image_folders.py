"""Images as PNG or JPEG files in one folder per label; the name of a folder is the name of its class."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mnist_pipeline.errors import DataError, ImageError
from mnist_pipeline.mnist.data.images import IMAGE_SUFFIXES, ColorNote, read_grayscale

MAX_CLASSES = 256  # a label is one unsigned byte


@dataclass(frozen=True)
class ImageFolders:
    """A folder with one folder per label.

    Attributes:
        path: The folder.
        class_names: The names of the folders in it: the label of an image is the position of its folder's name.
    """

    path: Path
    class_names: tuple[str, ...]

    @classmethod
    def open(cls, path: Path) -> "ImageFolders":
        """List the folders. Names that are numbers come first and sort as numbers; hidden folders do not count.

        Raises:
            DataError: there is no folder, a folder without images, or more folders than a label can number.
        """
        names = sorted(
            (entry.name for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith(".")),
            key=lambda name: (int(name), name) if name.isdecimal() else (MAX_CLASSES, name),
        )
        if not names:
            raise DataError(f"{path}: no images in it; give one folder per label with PNG or JPEG images.")
        if len(names) > MAX_CLASSES:
            raise DataError(
                f"{path}: {len(names)} folders are {len(names)} classes; at most {MAX_CLASSES} are supported."
            )
        for name in names:
            if not _image_names(path / name):
                raise DataError(f"{path / name}: no PNG or JPEG image in it; every folder is a class and needs some.")
        return cls(path, tuple(names))

    def batches(
        self, images: int, color_note: ColorNote | None = None
    ) -> Iterator[tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]]:
        """Yield images and labels, class by class, in bounded memory.

        Args:
            images: How many in a batch; the last batch may have fewer.
            color_note: Looks at the images before their colors are lost.

        Yields:
            Images, uint8 of shape (n, height, width), and labels, uint8 of shape (n,).

        Raises:
            ImageError: a file cannot be read as an image, or has another size than the first image.
        """
        size: tuple[int, ...] | None = None
        batch: list[npt.NDArray[np.uint8]] = []
        labels: list[int] = []
        for label, name in enumerate(self.class_names):
            for file_name in _image_names(self.path / name):
                image = read_grayscale(self.path / name / file_name, color_note=color_note)
                size = size or image.shape
                if image.shape != size:
                    raise ImageError(
                        f"{self.path / name / file_name}: {image.shape[0]} x {image.shape[1]} pixels where the images "
                        f"before have {size[0]} x {size[1]}; bring all images to one size."
                    )
                batch.append(image)
                labels.append(label)
                if len(batch) == images:
                    yield np.stack(batch), np.array(labels, np.uint8)
                    batch, labels = [], []
        if batch:
            yield np.stack(batch), np.array(labels, np.uint8)


def _image_names(folder: Path) -> list[str]:
    """Return the sorted names of the image files in a folder: text, which takes much less memory than paths."""
    return sorted(file.name for file in folder.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES)
