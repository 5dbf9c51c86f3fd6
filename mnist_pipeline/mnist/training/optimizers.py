"""How a network learns: its loss, its optimizer, and the learning rate over the steps."""

import math

import keras

WARM_UP_FRACTION = 0.2
WEIGHT_DECAY = 0.01
STEPS_PER_CALL = 8  # of TensorFlow from Python: Python's part of one call takes as long as a small step


def count_steps(n_images: int, batch_size: int, epochs: int) -> int:
    """Return the optimizer steps of a whole fit; the last, smaller batch of an epoch is a step too."""
    return -(-n_images // batch_size) * epochs


def compile_one_cycle(network: keras.Model, total_steps: int, peak_learning_rate: float) -> None:
    """Give `network` its loss, AdamW over one cycle (Loshchilov and Hutter 2019), and the metric `accuracy`.

    Args:
        network: Returns probabilities; its targets are probabilities too, shape (batch, classes).
        total_steps: Optimizer steps of the whole fit, as `count_steps` returns them.
        peak_learning_rate: The highest rate of the cycle, above 0.
    """
    learning_rate = OneCycle(total_steps, peak_learning_rate)
    _compile(network, keras.optimizers.AdamW(learning_rate, weight_decay=WEIGHT_DECAY))


def compile_constant_adam(network: keras.Model, total_steps: int, learning_rate: float) -> None:  # noqa: ARG001  the signature of a recipe's compile
    """Give `network` its loss, Adam (Kingma and Ba 2015) at one rate throughout, and the metric `accuracy`."""
    _compile(network, keras.optimizers.Adam(learning_rate))


class OneCycle(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]  # keras comes without types
    """A learning rate that rises to a peak and falls to 0 once, over the whole fit.

    It rises in a straight line from peak / 25 for the first fifth of the steps (one cycle: Smith and Topin 2018), then
    falls along half a cosine (Loshchilov and Hutter 2017), and stays 0 after the last step. Keras's `CosineDecay`
    gives the same rates but adds a branch to the graph for every weight that decays, which costs each fit a second.
    """

    def __init__(self, total_steps: int, peak: float) -> None:
        """Spread the cycle over `total_steps`, at least one."""
        self.warm_up_steps = int(total_steps * WARM_UP_FRACTION)
        self.decay_steps = max(1, total_steps - self.warm_up_steps)
        self.peak = peak

    def __call__(self, step: keras.KerasTensor) -> keras.KerasTensor:
        """Return the rate of a step, counted from 0."""
        step = keras.ops.cast(step, "float32")
        rising = self.peak * (1 + 24 * step / max(1, self.warm_up_steps)) / 25
        fallen = keras.ops.minimum((step - self.warm_up_steps) / self.decay_steps, 1)
        falling = self.peak * (1 + keras.ops.cos(math.pi * fallen)) / 2
        return keras.ops.where(step < self.warm_up_steps, rising, falling)


def _compile(network: keras.Model, optimizer: keras.optimizers.Optimizer) -> None:
    network.compile(
        optimizer=optimizer,
        loss="categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=STEPS_PER_CALL,
        jit_compile=False,  # XLA makes convolutions 14 times slower on a CPU
    )
