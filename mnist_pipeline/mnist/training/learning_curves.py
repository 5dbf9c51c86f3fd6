"""The learning curves of a training, drawn without a display."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure


def learning_curves(history: Mapping[str, Sequence[float]]) -> Figure:
    """Draw loss and accuracy over the epochs, for training and validation.

    Args:
        history: The values after each epoch of the metrics `loss` and `accuracy` and, if there was validation,
            `val_loss` and `val_accuracy`.
    """
    picture = Figure(figsize=(9, 3.6), dpi=110, layout="constrained")  # not pyplot's, which would look for a display
    for axes, metric in zip(picture.subplots(1, 2), ("loss", "accuracy"), strict=True):
        epochs = range(1, len(history[metric]) + 1)
        axes.plot(epochs, history[metric], marker=".", label="training")
        if f"val_{metric}" in history:
            axes.plot(epochs, history[f"val_{metric}"], marker=".", label="validation")
        axes.set(xlabel="epoch", ylabel=metric)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
        axes.legend()
    return picture
