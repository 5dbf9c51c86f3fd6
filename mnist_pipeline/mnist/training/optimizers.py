"""How the network learns: its loss, its optimizer, and the learning rate over the steps."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

WEIGHT_DECAY = 0.01
STEPS_PER_CALL = 8  # from Python into TensorFlow, whose small steps take little longer than what Python does between


def count_steps(n_images: int, batch_size: int, epochs: int) -> int:
    """Return the optimizer steps of a whole fit; the last, smaller batch of an epoch is a step too."""
    return -(-n_images // batch_size) * epochs


def compile_one_cycle(network: "keras.Model", total_steps: int, peak_learning_rate: float) -> None:
    """Give `network` its loss, AdamW over one cycle (Loshchilov and Hutter 2019), and the metric `accuracy`.

    Args:
        network: Gives probabilities; its targets are probabilities too, (batch, classes).
        total_steps: Optimizer steps of the whole fit, as `count_steps` returns.
        peak_learning_rate: The highest rate of the cycle, above 0.
    """
    import keras

    from mnist_pipeline.mnist.training.one_cycle import OneCycle

    learning_rate = OneCycle(total_steps, peak_learning_rate)
    _compile(network, keras.optimizers.AdamW(learning_rate, weight_decay=WEIGHT_DECAY))


def compile_constant_adam(network: "keras.Model", total_steps: int, learning_rate: float) -> None:  # noqa: ARG001  the signature of a recipe's compile
    """Give `network` its loss, Adam (Kingma and Ba 2015) at one rate throughout, and the metric `accuracy`."""
    import keras

    _compile(network, keras.optimizers.Adam(learning_rate))


def _compile(network: "keras.Model", optimizer: "keras.optimizers.Optimizer") -> None:
    network.compile(
        optimizer=optimizer,
        loss="categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=STEPS_PER_CALL,
        jit_compile=False,  # XLA makes convolutions 14 times slower on a CPU
    )
