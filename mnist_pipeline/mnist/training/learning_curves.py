"""The learning curves of a training, drawn without a display."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def learning_curves(history: Mapping[str, Sequence[float]]) -> "Figure":
    """Draw loss and accuracy over the epochs, training beside validation.

    Args:
        history: The figures of each epoch under `loss`, `accuracy` and, where there was validation, `val_...`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), dpi=110, layout="constrained")  # known to no window system and to no pyplot
    for axes, metric in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        epochs = range(1, len(history[metric]) + 1)
        axes.plot(epochs, history[metric], marker=".", label="training")
        if f"val_{metric}" in history:
            axes.plot(epochs, history[f"val_{metric}"], marker=".", label="validation")
        axes.set(xlabel="epoch", ylabel=metric)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
        axes.legend()
    return figure
