"""What a trained model sees in image files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mnist_pipeline.mnist.data.images import read_grayscale
from mnist_pipeline.mnist.model.classifier import Classifier


@dataclass(frozen=True)
class Prediction:
    """The classes of one image, the most probable first.

    Attributes:
        path: The image.
        ranking: Class names and their probabilities, all classes.
    """

    path: Path
    ranking: tuple[tuple[str, float], ...]


def predict_images(model: Classifier, paths: Sequence[Path], *, invert: bool = False) -> list[Prediction]:
    """Classify PNG or JPEG images, resized to the size of the training images.

    Args:
        model: A trained model.
        paths: The images, at least one.
        invert: Turn dark into light first, for dark objects on white.

    Raises:
        ImageError: a file is missing or not an image.
    """
    images = np.stack([read_grayscale(path, model.image_size, invert=invert) for path in paths])
    names = model.names
    predictions = []
    for path, row in zip(paths, model.probabilities(images), strict=True):
        order = np.argsort(-row, kind="stable")
        predictions.append(Prediction(path, tuple((names[index], float(row[index])) for index in order)))
    return predictions
