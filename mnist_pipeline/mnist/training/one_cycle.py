"""The learning rate over the steps of a fit. Imports Keras, so import it late."""

import math

import keras

WARM_UP_FRACTION = 0.2


class OneCycle(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]  # keras comes without types
    """Up to a peak and down to 0 once, over the whole fit.

    A straight line from peak / 25 for the first fifth of the steps (one cycle: Smith and Topin 2018), then half a
    cosine (Loshchilov and Hutter 2017). Past the last step it stays 0: nothing more is learnt. Keras's `CosineDecay`
    gives the same rates, but with a branch of the graph for every weight that decays: a second of each fit's start.
    """

    def __init__(self, total_steps: int, peak: float) -> None:
        """Spread the cycle over `total_steps`, at least one."""
        self.warm_up_steps = int(total_steps * WARM_UP_FRACTION)
        self.decay_steps = max(1, total_steps - self.warm_up_steps)
        self.peak = peak

    def __call__(self, step: "keras.KerasTensor") -> "keras.KerasTensor":
        """Return the rate of a step, counted from 0."""
        step = keras.ops.cast(step, "float32")
        rising = self.peak * (1 + 24 * step / max(1, self.warm_up_steps)) / 25
        fallen = keras.ops.minimum((step - self.warm_up_steps) / self.decay_steps, 1)
        falling = self.peak * (1 + keras.ops.cos(math.pi * fallen)) / 2
        return keras.ops.where(step < self.warm_up_steps, rising, falling)
