"""Pictures of scoring results, drawn without a display."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_MISTAKES = 25  # in one picture
_MOST_TICK_LABELS = 32
_MOST_CELL_NUMBERS = 12


def draw_confusion_matrix(counts: npt.NDArray[np.int64], class_names: Sequence[str]) -> "Figure":
    """Draw a confusion matrix of shape (classes, classes): rows are the labels, columns the predictions."""
    n_classes = len(counts)
    side = min(12.0, 3.5 + 0.45 * n_classes)
    figure = _figure(side + 1, side)
    axes = figure.subplots()
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure.colorbar(axes.imshow(share, cmap="Blues", vmin=0, vmax=1), label="share of the label's images")
    if n_classes <= _MOST_TICK_LABELS:
        axes.set_xticks(range(n_classes), class_names, rotation=45, ha="right")
        axes.set_yticks(range(n_classes), class_names)
    axes.set(xlabel="predicted", ylabel="label", title="Confusion matrix")
    if n_classes <= _MOST_CELL_NUMBERS:
        for (row, column), count in np.ndenumerate(counts):
            if count:
                color = "white" if share[row, column] > 0.5 else "black"
                axes.text(column, row, str(count), ha="center", va="center", color=color, fontsize=8)
    return figure


def draw_mistakes(
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.uint8],
    probabilities: npt.NDArray[np.float32],
    class_names: Sequence[str],
    most: int = MOST_MISTAKES,
) -> "Figure":
    """Draw the most confident mistakes: the misclassified images to which the model gave the highest probability.

    Args:
        images: uint8 of shape (n, height, width).
        labels: uint8 of shape (n,).
        probabilities: float32 of shape (n, classes).
        class_names: A name for each class.
        most: How many images to draw at most.
    """
    predictions = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predictions != labels)
    surest = wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")][:most]
    columns = 5
    rows = max(1, -(-len(surest) // columns))
    figure = _figure(2 * columns, 2.2 * rows + 0.5)
    figure.suptitle("Most confident mistakes" if len(surest) else "No mistakes on these images")
    axes = figure.subplots()  # one for all images: drawing one for each image takes four times as long
    axes.axis("off")
    height, width = np.array(images.shape[1:]) / max(images.shape[1:])
    for place, index in enumerate(surest):
        row, column = divmod(place, columns)
        left, bottom = 1.2 * column, 1.4 * row + 1  # each image fits a square of side 1; y grows downwards
        axes.imshow(images[index], cmap="gray", vmin=0, vmax=255, extent=(left, left + width, bottom, bottom - height))
        predicted = predictions[index]
        taken_for = f"taken for {class_names[predicted]} ({probabilities[index, predicted]:.0%})"
        caption = f"{taken_for}\nis {class_names[labels[index]]}"
        axes.text(left + width / 2, bottom - height - 0.05, caption, fontsize=8, ha="center", va="bottom")
    axes.set(xlim=(-0.1, 1.2 * columns - 0.1), ylim=(1.4 * rows - 0.35, -0.3))
    return figure


def _figure(width: float, height: float) -> "Figure":
    """Return a figure of a size in inches that needs neither a window system nor pyplot's global state."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=110, layout="constrained")
