"""Metrics of a classifier, computed from its confusion matrix: the content of `metrics.json`."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mnist_pipeline.mnist.scoring.result_files import SCHEMA_VERSION


def confusion_matrix(
    labels: npt.NDArray[np.integer[Any]], predictions: npt.NDArray[np.integer[Any]], n_classes: int
) -> npt.NDArray[np.int64]:
    """Return how many images of each class are predicted as each class.

    The counts have the shape (n_classes, n_classes): rows are the labels, columns the predictions.

    Args:
        labels: True classes, 0..n_classes - 1, shape (n,).
        predictions: Predicted classes, 0..n_classes - 1, shape (n,).
        n_classes: Number of classes.
    """
    cells = labels.astype(np.int64) * n_classes + predictions
    return np.bincount(cells, minlength=n_classes**2).reshape(n_classes, n_classes)


def metrics_of(counts: npt.NDArray[np.int64], loss: float, class_names: Sequence[str]) -> dict[str, Any]:
    """Return the content of `metrics.json`, without the digests.

    A metric whose denominator is 0 is null: a class that was never predicted has no precision, and a class without
    images has no recall. A loss that is not finite is null too, because JSON has no such numbers.

    Args:
        counts: The confusion matrix of at least one image, shape (classes, classes).
        loss: Mean cross-entropy in nats.
        class_names: A name for each class.
    """
    images = int(counts.sum())
    return {
        "schema_version": SCHEMA_VERSION,
        "accuracy": int(np.trace(counts)) / images,
        "loss": loss if math.isfinite(loss) else None,
        "images": images,
        "classes": [
            {
                "label": label,
                "name": name,
                "precision": _ratio(counts[label, label], counts[:, label].sum()),
                "recall": _ratio(counts[label, label], counts[label].sum()),
                "f1": _ratio(2 * counts[label, label], counts[:, label].sum() + counts[label].sum()),
                "support": int(counts[label].sum()),
            }
            for label, name in enumerate(class_names)
        ],
        "confusion_matrix": counts.tolist(),
    }


def _ratio(part: np.int64, whole: np.int64) -> float | None:
    return float(part / whole) if whole else None
