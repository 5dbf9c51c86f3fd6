"""Pictures of scoring results, drawn without a display."""

from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from mnist_pipeline.mnist.scoring.drawn_names import DrawnNames

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_MISTAKES = 25  # in one picture
_MOST_NAMES = 100  # on an axis; more classes have their labels there
_MOST_NUMBERS = 30  # classes whose cells hold numbers
_NAME_COLUMNS = 36  # width of a name on an axis
_CAPTION_COLUMNS = 18  # width of a name below an image
_CORRECT = "0.86"  # the gray of the diagonal
_FAINTEST = 0.15  # of the shades; a single error is to be seen


def draw_confusion_matrix(counts: npt.NDArray[np.int64], names: DrawnNames) -> "Figure":
    """Draw a confusion matrix of shape (classes, classes): rows are the true classes, columns the predicted ones.

    The errors have a scale of their own, up to the largest share of a class that is taken for one other class, because
    beside the correct predictions they would all look alike. The diagonal is gray. The matrix fills the figure, so save
    it with `bbox_inches="tight"`, which adds the room for names and titles of any length.
    """
    from matplotlib.colors import ListedColormap

    n_classes = len(counts)
    cell = _cell_inches(n_classes)
    ticks = [names.shortened(label, _NAME_COLUMNS) for label in range(n_classes)] if n_classes <= _MOST_NAMES else None
    font = min(9.0, 0.62 * 72 * cell)  # points
    figure = _figure(n_classes * cell, n_classes * cell, layout=None)
    axes = figure.add_axes((0, 0, 1, 1))
    errors = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(errors, 0)
    _shade(figure, axes, errors)
    correct = np.diag(np.diag(counts))
    axes.imshow(np.where(correct > 0, 1.0, np.nan), cmap=ListedColormap([_CORRECT]))
    if ticks:
        rotation = 45 if n_classes <= _MOST_NUMBERS else 90
        axes.set_xticks(range(n_classes), ticks, rotation=rotation, fontsize=font, **names.style)
        if rotation == 45:
            for tick in axes.get_xticklabels():
                tick.set(ha="right", rotation_mode="anchor")
        axes.set_yticks(range(n_classes), ticks, fontsize=font, **names.style)
    else:
        axes.set_xticks(range(0, n_classes, 20))
        axes.set_yticks(range(0, n_classes, 20))
    unit = "" if ticks else " (label)"
    axes.set(
        xlabel=f"predicted class{unit}",
        ylabel=f"true class{unit}",
        title=f"Confusion matrix: {correct.sum():,} of {counts.sum():,} images correct",
    )
    if n_classes <= _MOST_NUMBERS:
        _write_numbers(axes, counts, errors, cell)
    return figure


def _cell_inches(n_classes: int) -> float:
    """Return the side of a cell: large enough for numbers, then for names, then for a dot."""
    if n_classes <= _MOST_NUMBERS:
        return max(3.4 / n_classes, 0.65 if n_classes <= 12 else 0.42)  # room for the title and the scale
    return max(0.13, 0.25 - 0.002 * (n_classes - _MOST_NUMBERS)) if n_classes <= _MOST_NAMES else 0.055


def _shade(figure: "Figure", axes: "Axes", errors: npt.NDArray[np.float64]) -> None:
    """Shade the errors, from light to dark, so that their order is seen without color too."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap
    from matplotlib.ticker import PercentFormatter

    largest = errors.max()
    shades = ListedColormap(colormaps["Blues"](np.linspace(_FAINTEST, 1, 256)))
    image = axes.imshow(np.where(errors > 0, errors, np.nan), cmap=shades, vmin=0, vmax=largest or 1)
    if largest > 0:
        label = "errors: share of the images of the true class"
        width, gap = 0.2 / figure.get_figwidth(), 0.15 / figure.get_figwidth()
        figure.colorbar(image, figure.add_axes((1 + gap, 0, width, 1)), label=label, format=PercentFormatter(1))


def _write_numbers(axes: "Axes", counts: npt.NDArray[np.int64], errors: npt.NDArray[np.float64], cell: float) -> None:
    """Write the number of images into each cell that has any."""
    digits = len(str(counts.max()))
    size = min(9.0, 72 * cell / (0.75 * max(digits, 3)))  # points
    for (row, column), count in np.ndenumerate(counts):
        if count:
            is_dark = errors[row, column] > 0.5 * errors.max() > 0
            color = "white" if is_dark else "black"
            axes.text(column, row, str(count), ha="center", va="center", color=color, fontsize=size)


def draw_mistakes(
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.uint8],
    probabilities: npt.NDArray[np.float32],
    names: DrawnNames,
    most: int = MOST_MISTAKES,
) -> "Figure":
    """Draw the most confident mistakes: the misclassified images to which the model gave the highest probability.

    Args:
        images: uint8 of shape (n, height, width).
        labels: uint8 of shape (n,).
        probabilities: float32 of shape (n, classes).
        names: A name for each class.
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
        taken_for = names.shortened(int(predicted), _CAPTION_COLUMNS)
        true = names.shortened(int(labels[index]), _CAPTION_COLUMNS)
        caption = f"taken for {taken_for} ({probabilities[index, predicted]:.0%})\nis {true}"
        place_of_text = left + width / 2, bottom - height - 0.05
        axes.text(*place_of_text, caption, fontsize=8, ha="center", va="bottom", **names.style)
    axes.set(xlim=(-0.1, 1.2 * columns - 0.1), ylim=(1.4 * rows - 0.35, -0.3))
    return figure


def _figure(width: float, height: float, layout: Literal["constrained"] | None = "constrained") -> "Figure":
    """Return a figure of a size in inches that needs neither a window system nor pyplot's global state."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=110, layout=layout)
