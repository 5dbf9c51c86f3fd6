"""Classification of image files with a trained model."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mnist_pipeline.mnist.data.images import ColorNote, read_grayscale
from mnist_pipeline.mnist.model.classifier import Classifier


@dataclass(frozen=True)
class Prediction:
    """The classes of one image.

    Attributes:
        path: The image file.
        ranking: The name and the probability of every class, the most probable class first.
    """

    path: Path
    ranking: tuple[tuple[str, float], ...]


def predict_images(
    model: Classifier, paths: Sequence[Path], *, invert: bool = False, color_note: ColorNote | None = None
) -> list[Prediction]:
    """Classify PNG or JPEG images, resized to the size of the training images.

    Args:
        model: A trained model.
        paths: At least one image file.
        invert: Invert the images first, for dark objects on white.
        color_note: Looks at the images before their colors are lost.

    Raises:
        ImageError: a file is missing or not an image.
    """
    images = np.stack([read_grayscale(path, model.image_size, invert=invert, color_note=color_note) for path in paths])
    names = model.names
    predictions = []
    for path, row in zip(paths, model.probabilities(images), strict=True):
        order = np.argsort(-row, kind="stable")
        predictions.append(Prediction(path, tuple((names[index], float(row[index])) for index in order)))
    return predictions
