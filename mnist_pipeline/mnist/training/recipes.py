"""The networks that can be trained, by name, each with the batch size and the learning rate that suit it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import keras

from mnist_pipeline.mnist.training.networks import build_lenet, build_network, build_sample_network
from mnist_pipeline.mnist.training.optimizers import compile_constant_adam, compile_one_cycle


@dataclass(frozen=True)
class Recipe:
    """A network and how it learns.

    Attributes:
        build: Returns the untrained network for (height, width, number of classes).
        compile: Sets loss and optimizer, given (network, optimizer steps of the whole fit, learning rate).
        batch_size: Images per step, unless the user chooses another.
        learning_rate: Learning rate, unless the user chooses another; the peak if the rate changes over the fit.
        label_smoothing: Share of the probability that a target spreads over all classes alike, from 0 to below 1
            (Szegedy et al. 2016).
    """

    build: Callable[[int, int, int], keras.Model]
    compile: Callable[[keras.Model, int, float], None]
    batch_size: int
    learning_rate: float
    label_smoothing: float = 0.0


_build_wide = partial(build_network, filters=(32, 64, 128, 128))
_build_large = partial(build_network, filters=(64, 128, 256, 256))

RECIPES = {
    "small": Recipe(build_lenet, compile_one_cycle, batch_size=128, learning_rate=0.01, label_smoothing=0.05),
    "wide": Recipe(_build_wide, compile_one_cycle, batch_size=128, learning_rate=0.01, label_smoothing=0.05),
    "large": Recipe(_build_large, compile_one_cycle, batch_size=128, learning_rate=0.005, label_smoothing=0.05),
    "sample": Recipe(build_sample_network, compile_constant_adam, batch_size=256, learning_rate=0.001),
}
