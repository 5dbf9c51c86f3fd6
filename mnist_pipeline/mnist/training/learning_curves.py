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
    for axes, metric, unit in zip(picture.subplots(1, 2), ("loss", "accuracy"), (", nats", ""), strict=True):
        epochs = range(1, len(history[metric]) + 1)
        for name, label, style in (
            (metric, "training", {"color": "#1f3b73", "marker": "o", "linestyle": "-"}),
            (f"val_{metric}", "validation", {"color": "#e08b00", "marker": "s", "linestyle": "--"}),
        ):
            if name in history:
                step = max(1, len(epochs) // 20)  # markers that touch each other say nothing
                axes.plot(epochs, history[name], label=label, markersize=4, markevery=step, **style)
        axes.set(xlabel="epoch", ylabel=f"{metric}{unit}", title=f"{metric.capitalize()} after each epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
        axes.legend()
    return picture
