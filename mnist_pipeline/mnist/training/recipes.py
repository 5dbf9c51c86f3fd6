"""The networks that can be trained, by name, each with the batch size and the learning rate that suit it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnist_pipeline.mnist.training.networks import build_lenet, build_network, build_sample_network
from mnist_pipeline.mnist.training.optimizers import compile_constant_adam, compile_one_cycle

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Recipe:
    """A network and how it learns.

    Attributes:
        build: Returns the untrained network for (height, width, number of classes).
        compile: Gives it loss and optimizer, for (network, optimizer steps of the whole fit, learning rate).
        batch_size: Images a step, unless the user names another.
        learning_rate: The same; the highest one where the rate changes over the fit.
        label_smoothing: How much of the probability that a training image's target leaves to all classes alike, 0 up
            to 1 (Szegedy et al. 2016).
    """

    build: Callable[[int, int, int], "keras.Model"]
    compile: Callable[["keras.Model", int, float], None]
    batch_size: int
    learning_rate: float
    label_smoothing: float = 0.0


def _wide(height: int, width: int, n_classes: int) -> "keras.Model":
    return build_network(height, width, n_classes, filters=(32, 64, 128, 128))


def _large(height: int, width: int, n_classes: int) -> "keras.Model":
    return build_network(height, width, n_classes, filters=(64, 128, 256, 256))


RECIPES = {
    "small": Recipe(build_lenet, compile_one_cycle, batch_size=128, learning_rate=0.01, label_smoothing=0.05),
    "wide": Recipe(_wide, compile_one_cycle, batch_size=128, learning_rate=0.01, label_smoothing=0.05),
    "large": Recipe(_large, compile_one_cycle, batch_size=128, learning_rate=0.005, label_smoothing=0.05),
    "sample": Recipe(build_sample_network, compile_constant_adam, batch_size=256, learning_rate=0.001),
}
