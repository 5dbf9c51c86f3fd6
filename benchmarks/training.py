"""Training on all of Fashion-MNIST: Microsoft's sample network with its schedule, and ours.

A fit is timed from the images in memory to the trained network: building it, tracing, training, validating after every
epoch (the sample on 12,000 of the 60,000 images, ours on 6,000). Ours does what the training component does, without
MLflow. The test images are used once, after the fit, and decide nothing. Compare processor seconds: a busy machine
distorts them less than elapsed time.
"""

import sys
from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.data import Settings
from benchmarks.measurement import QUIET, TURN, Comparison, Program, Work, command_of, serve, take_turns
from mnist_pipeline.mnist.data.dataset import Dataset, read_dataset

SAMPLE = "sample, 10 epochs"
RECIPES = {
    "small, 1 epoch": {"network": "small", "epochs": 1},
    "small, 2 epochs": {"network": "small", "epochs": 2},
    "wide, flip, 7 epochs": {"network": "wide", "epochs": 7, "augmentation": "flip"},
}
Classifier = Callable[[np.ndarray], np.ndarray]  # raw pixels (n, height, width, 1) float32 to probabilities


def compare(settings: Settings) -> list[Comparison]:
    """Fit each recipe once per turn, with the number of the turn as the seed."""
    programs = [
        Program(name, command_of("benchmarks.training", name, settings.data, TURN), environment=QUIET)
        for name in (SAMPLE, *RECIPES)
    ]
    return [take_turns("training", programs, settings.repeat)]


def prepare_sample(data: str, seed: str) -> Work:
    """Return the fit of the sample program, as its train.py does it, on images in memory."""
    import keras

    from benchmarks.sample_program import train as sample

    training = read_dataset(data, "train")
    keras.utils.set_random_seed(int(seed))
    pixels = training.images[..., None].astype("float32") / 255
    targets = keras.utils.to_categorical(training.labels, sample.N_CLASSES)
    order = np.random.permutation(len(pixels))
    n_validation = int(len(pixels) * sample.VALIDATION_FRACTION)
    held_out, kept = order[:n_validation], order[n_validation:]

    def fit() -> Classifier:
        network = sample.build_network()
        network.fit(
            pixels[kept],
            targets[kept],
            batch_size=sample.BATCH_SIZE,
            epochs=10,
            validation_data=(pixels[held_out], targets[held_out]),
            verbose=0,
        )
        return lambda images: network.predict(images / 255, verbose=0)

    return fit


def prepare_ours(settings: dict[str, str | int], data: str, seed: str) -> Work:
    """Return the fit of one of our recipes, as the training component does it."""
    from mnist_pipeline.mnist.training.fit import fit
    from mnist_pipeline.mnist.training.hyperparameters import Hyperparameters

    training = read_dataset(data, "train")
    chosen = Hyperparameters(seed=int(seed), **settings)

    def fit_ours() -> Classifier:
        network, _ = fit(training, chosen, log=lambda *_: None)
        return lambda images: network.predict(images, batch_size=1000, verbose=0)

    return fit_ours


def accuracy_on(data: str, classify: Classifier) -> float:
    """Return the share of the test images that a network classifies correctly."""
    test: Dataset = read_dataset(data, "test")
    predictions = classify(test.images[..., None].astype(np.float32)).argmax(axis=1)
    return float((predictions == test.labels).mean())


def serve_fits(recipes: dict[str, dict[str, str | int]], data: str) -> None:
    """Fit once, in a process that `measure` started."""
    ours = {name: partial(prepare_ours, settings) for name, settings in recipes.items()}
    serve({SAMPLE: prepare_sample} | ours, accuracy=partial(accuracy_on, data))


if __name__ == "__main__":
    serve_fits(RECIPES, sys.argv[2])
