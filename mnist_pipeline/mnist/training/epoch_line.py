"""The line that training prints after each epoch. Whoever reads the log sees from it how far the training is."""

from collections.abc import Mapping


def epoch_line(epoch: int, epochs: int, metrics: Mapping[str, float], seconds: float) -> str:
    """Return the line for a finished epoch, such as `epoch 3/10  loss 0.2191  accuracy 0.9280  (4.2 s)`.

    Args:
        epoch: Number of the epoch, from 1.
        epochs: How many there are.
        metrics: The metrics of this epoch, by name.
        seconds: How long it took.
    """
    shown = "  ".join(f"{name} {value:.4f}" for name, value in metrics.items())
    return f"epoch {epoch}/{epochs}  {shown}  ({seconds:.1f} s)"
