"""The running totals of an evaluation: counts, loss and the worst mistakes, but not all images."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mnist_pipeline.mnist.scoring.metrics import confusion_matrix, metrics_of
from mnist_pipeline.mnist.scoring.pictures import MOST_MISTAKES

_CLIP = 1e-7  # as in Keras, so that a probability of 0 costs a finite loss


def cross_entropies(probabilities: npt.NDArray[np.float32], labels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Return the categorical cross-entropy of each image in nats, shape (n,), with Keras's clip of 1e-7.

    Args:
        probabilities: Shape (n, classes).
        labels: True classes, shape (n,).
    """
    likelihood = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    entropies: npt.NDArray[np.float64] = -np.log(np.clip(likelihood, _CLIP, 1 - _CLIP))
    return entropies


class Scorecard:
    """The metrics of all batches added so far. It takes the same memory, however many batches are added.

    Attributes:
        class_names: A name for each class.
        counts: The confusion matrix, int64 of shape (classes, classes): rows are the labels, columns the predictions.
        images: The most confident mistakes: the misclassified images to which the model gave the highest probability,
            in descending order, at most `MOST_MISTAKES`; uint8 of shape (k, height, width).
        labels: Their true classes, uint8 of shape (k,).
        probabilities: Their class probabilities, float32 of shape (k, classes).
    """

    def __init__(self, image_size: tuple[int, int], class_names: Sequence[str]) -> None:
        """Start without images.

        Args:
            image_size: Height and width of the images that will be added.
            class_names: A name for each class that the model knows.
        """
        self.class_names = class_names
        n_classes = len(class_names)
        self.counts = np.zeros((n_classes, n_classes), np.int64)
        self.images = np.empty((0, *image_size), np.uint8)
        self.labels = np.empty(0, np.uint8)
        self.probabilities = np.empty((0, n_classes), np.float32)
        self._entropy = 0.0

    @property
    def n_images(self) -> int:
        """How many images have been added."""
        return int(self.counts.sum())

    @property
    def accuracy(self) -> float:
        """Share of the images whose most probable class is their label."""
        return int(np.trace(self.counts)) / self.n_images

    @property
    def loss(self) -> float:
        """Mean categorical cross-entropy in nats."""
        return self._entropy / self.n_images

    @property
    def metrics(self) -> dict[str, Any]:
        """The content of `metrics.json`, without the digests."""
        return metrics_of(self.counts, self.loss, self.class_names)

    def add(
        self,
        images: npt.NDArray[np.uint8],
        labels: npt.NDArray[np.uint8],
        probabilities: npt.NDArray[np.float32],
    ) -> npt.NDArray[np.intp]:
        """Add a batch and return its predictions: the most probable class of each image, shape (n,).

        Args:
            images: Shape (n, height, width).
            labels: True classes, each below the number of classes, shape (n,).
            probabilities: The model's class probabilities for the images, shape (n, classes).
        """
        predictions: npt.NDArray[np.intp] = probabilities.argmax(axis=1)
        self.counts += confusion_matrix(labels, predictions, len(self.counts))
        self._entropy += float(cross_entropies(probabilities, labels).sum())

        wrong = predictions != labels
        candidates = np.concatenate([self.probabilities, probabilities[wrong]])
        surest = np.argsort(-candidates.max(axis=1), kind="stable")[:MOST_MISTAKES]
        self.images = np.concatenate([self.images, images[wrong]])[surest]
        self.labels = np.concatenate([self.labels, labels[wrong]])[surest]
        self.probabilities = candidates[surest]
        return predictions
