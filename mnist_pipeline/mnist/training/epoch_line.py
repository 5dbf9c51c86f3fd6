"""The line that training prints after each epoch, which also tells whoever reads the log how far the training is."""

import re
from collections.abc import Mapping

_START = re.compile(r"epoch (\d+)/(\d+) ")


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


def read_epoch_line(line: str) -> tuple[int, int] | None:
    """Return the number of the epoch and how many there are; None if the line is not about an epoch."""
    found = _START.match(line)
    return (int(found[1]), int(found[2])) if found else None
