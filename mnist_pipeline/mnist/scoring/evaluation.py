"""One pass of a model over labelled test data, batch by batch: the only way in which this package evaluates a model."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mnist_pipeline.errors import DataError
from mnist_pipeline.mnist.data.dataset import Dataset, read_batches
from mnist_pipeline.mnist.model.classifier import PREDICTION_BATCH, Classifier
from mnist_pipeline.mnist.scoring.scorecard import Scorecard

BATCH_IMAGES = 10 * PREDICTION_BATCH  # read at a time


class ScoredBatch(NamedTuple):
    """The classes of a batch of images, as the model numbers them.

    Attributes:
        predictions: The most probable class of each image, shape (n,).
        labels: The true class of each image, uint8 of shape (n,).
    """

    predictions: npt.NDArray[np.intp]
    labels: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Evaluation:
    """An evaluation in progress. It is complete when `batches` is exhausted.

    Attributes:
        card: The metrics of all batches yielded so far.
        batches: The scored batches, in the order of the images.
    """

    card: Scorecard
    batches: Iterator[ScoredBatch]


def evaluate(model: Classifier, test_data: str | os.PathLike[str], batch_images: int = BATCH_IMAGES) -> Evaluation:
    """Run a model over test data of any form that `read_dataset` reads, in bounded memory.

    The first batch is scored at once, so that data of the wrong kind are refused before the caller writes a file.

    Args:
        model: A trained model.
        test_data: A CSV file, or a folder with a CSV, with the IDX files of the test split, or with one folder per
            label.
        batch_images: How many images to read and score at a time.

    Raises:
        DataError: the test data cannot be read, the images have another size than the model takes, or a label is
            unknown to the model. In a later batch, `batches` raises it.
    """
    card = Scorecard(model.image_size, model.names)
    batches = _scored_batches(model, test_data, batch_images, card)
    return Evaluation(card, chain([next(batches)], batches))


def _scored_batches(
    model: Classifier, test_data: str | os.PathLike[str], batch_images: int, card: Scorecard
) -> Iterator[ScoredBatch]:
    for batch in read_batches(test_data, "test", batch_images, model.image_size):
        _check_size(model, batch)
        labels = _model_labels(model, batch)
        yield ScoredBatch(card.add(batch.images, labels, model.probabilities(batch.images)), labels)


def _check_size(model: Classifier, batch: Dataset) -> None:
    if batch.image_size == model.image_size:
        return
    (height, width), n_pixels = model.image_size, batch.images[0].size
    if n_pixels != height * width:
        raise DataError(
            f"the test images have {n_pixels} pixels, but the model was trained on images of {height} x {width}; score "
            "it on data of the kind that it was trained on."
        )
    raise DataError(
        f"the test images are {batch.image_size[0]} x {batch.image_size[1]}, but the model was trained on images of "
        f"{height} x {width}; turn the images, or score it on data of the kind that it was trained on."
    )


def _model_labels(model: Classifier, batch: Dataset) -> npt.NDArray[np.uint8]:
    """Return the labels as the model numbers them: matched by name if both have class names, otherwise unchanged."""
    if batch.class_names and model.class_names:
        unknown = sorted(set(batch.class_names) - set(model.class_names))
        if unknown:
            raise DataError(f"the test data have classes that the model does not know: {', '.join(unknown)}.")
        numbers = np.array([model.class_names.index(name) for name in batch.class_names], np.uint8)
        return numbers[batch.labels]
    highest = int(batch.labels.max())
    if highest >= model.n_classes:
        raise DataError(
            f"the test data contain the label {highest}, but the model knows only the labels 0..{model.n_classes - 1}; "
            "score it on data of the kind that it was trained on."
        )
    return batch.labels
