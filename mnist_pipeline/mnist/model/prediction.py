"""Classification of image files with a trained model."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mnist_pipeline.errors import ImageError
from mnist_pipeline.mnist.data.images import ColorNote, read_grayscale
from mnist_pipeline.mnist.model.classifier import PREDICTION_BATCH, Classifier


@dataclass(frozen=True)
class ClassProbability:
    """What a model thinks of one class.

    Attributes:
        label: The number of the class, from 0.
        name: The name of the class; the label if the classes have no names.
        probability: 0 to 1.
    """

    label: int
    name: str
    probability: float


@dataclass(frozen=True)
class Prediction:
    """The classes of one image.

    Attributes:
        path: The image file.
        ranking: Every class, the most probable one first.
    """

    path: Path
    ranking: tuple[ClassProbability, ...]


def predict_images(
    model: Classifier,
    paths: Iterable[Path],
    *,
    invert: bool = False,
    color_note: ColorNote | None = None,
    on_error: Callable[[ImageError], object] | None = None,
) -> Iterator[Prediction]:
    """Classify PNG or JPEG images, resized to the size of the training images, in bounded memory.

    Args:
        model: A trained model.
        paths: Image files.
        invert: Invert the images first, for dark objects on white.
        color_note: Looks at the images before their colors are lost.
        on_error: Called for each file that cannot be read; the file is left out. None raises the error.

    Yields:
        A prediction for each image, in the order of the files.

    Raises:
        ImageError: a file is missing or not an image, and `on_error` is None.
    """
    read: list[Path] = []
    images: list[npt.NDArray[np.uint8]] = []
    for path in paths:
        try:
            images.append(read_grayscale(path, model.image_size, invert=invert, color_note=color_note))
        except ImageError as error:
            if on_error is None:
                raise
            on_error(error)
            continue
        read.append(path)
        if len(read) == PREDICTION_BATCH:
            yield from _classified(model, read, images)
            read, images = [], []
    if read:
        yield from _classified(model, read, images)


def _classified(model: Classifier, paths: list[Path], images: list[npt.NDArray[np.uint8]]) -> Iterator[Prediction]:
    names = model.names
    for path, row in zip(paths, model.probabilities(np.stack(images)), strict=True):
        order = np.argsort(-row, kind="stable").tolist()
        yield Prediction(path, tuple(ClassProbability(label, names[label], float(row[label])) for label in order))
