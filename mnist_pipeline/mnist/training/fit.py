"""Training a network on labelled images, tracked by MLflow. Imports TensorFlow: import this module in the step only."""

import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import keras
import mlflow
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from mnist_pipeline.errors import DataError
from mnist_pipeline.mnist.data.dataset import Dataset, data_digest
from mnist_pipeline.mnist.model.classifier import TrainedModel
from mnist_pipeline.mnist.model.model_folder import model_target, save_model
from mnist_pipeline.mnist.tracking import log_data, log_files, log_params, step_run
from mnist_pipeline.mnist.training.augmentation import AUGMENTATIONS, augmented
from mnist_pipeline.mnist.training.epoch_line import epoch_line
from mnist_pipeline.mnist.training.hyperparameters import Hyperparameters
from mnist_pipeline.mnist.training.isolation import built_alone, deterministic_operations
from mnist_pipeline.mnist.training.networks import for_use
from mnist_pipeline.mnist.training.optimizers import count_steps
from mnist_pipeline.mnist.training.precision import choose_precision, layers_compute_in
from mnist_pipeline.mnist.training.recipes import RECIPES

LEARNING_CURVES = "learning_curves.png"  # artifact of the MLflow run, after more than one epoch

_EXAMPLE_IMAGES = 3
_SAMPLE_NAMES = {"loss": "Loss", "accuracy": "Accuracy"}  # of metrics in MLflow

Metrics = dict[str, float]  # of one epoch, by name: loss, accuracy, and val_loss, val_accuracy if there was validation


def train(
    dataset: Dataset,
    output_model: str | os.PathLike[str],
    settings: Hyperparameters | None = None,
    source: str | os.PathLike[str] | None = None,
) -> None:
    """Train a network, log every epoch to MLflow, and write an MLflow model folder.

    The same dataset, settings and machine give the same model, byte for byte. The run and the model record the settings
    in effect. Trainings in threads of one process wait for each other.

    Args:
        dataset: At least one image.
        output_model: Folder for the model; it appears whole or not at all.
        settings: Hyperparameters, the defaults when None.
        source: The file or folder that the dataset was read from, whose digest is logged; None logs none.

    Raises:
        DataError: a label has no class name, or there is no such `source`.
        OutputError: `output_model` cannot be written to.
    """
    settings = in_effect(settings or Hyperparameters())
    model_target(output_model)  # fail before the training, not after it
    if int(dataset.labels.max()) >= dataset.n_classes:
        raise DataError(
            f"the data hold the label {dataset.labels.max()} but there are only {dataset.n_classes} class names; "
            "name every class from label 0 on."
        )
    digest = None if source is None else data_digest(source, "train")
    with deterministic_operations(), step_run():
        height, width = dataset.image_size
        size = {"images": len(dataset.images), "image_size": f"{height}x{width}", "classes": dataset.n_classes}
        log_params({**asdict(settings), **size})
        if source is not None and digest is not None:
            log_data("training_data", Path(source), digest, len(dataset.images), "training")
        network, history = fit(dataset, settings, _log_epoch)
        if settings.epochs > 1:  # one point is no curve
            _log_learning_curves(history)
        model = TrainedModel(network, dataset.class_names)
        save_model(model, output_model, dataset.images[:_EXAMPLE_IMAGES], asdict(settings))


def in_effect(settings: Hyperparameters) -> Hyperparameters:
    """Replace each value that leaves a decision open, such as 0 or `auto`, by what it comes to on this machine."""
    recipe = RECIPES[settings.network]
    return replace(
        settings,
        batch_size=settings.batch_size or recipe.batch_size,
        learning_rate=settings.learning_rate or recipe.learning_rate,
        precision=choose_precision(settings.precision, gpu=bool(tf.config.list_physical_devices("GPU"))),
    )


def fit(
    dataset: Dataset, settings: Hyperparameters, log: Callable[[int, Metrics], object]
) -> tuple[keras.Model, dict[str, list[float]]]:
    """Train on the dataset and print a line for each epoch.

    Afterwards the process has the random numbers, the dtype policy and the determinism that it had before. A second
    thread that calls this waits until the first is done.

    Args:
        dataset: At least one image.
        settings: Hyperparameters.
        log: Called after each epoch with its number, from 0, and its metrics.

    Returns:
        The network, ready for use, and the values of each metric, one per epoch.
    """
    with deterministic_operations():
        return _fit(dataset, in_effect(settings), log)


def _fit(
    dataset: Dataset, settings: Hyperparameters, log: Callable[[int, Metrics], object]
) -> tuple[keras.Model, dict[str, list[float]]]:
    """Train a network with the settings in effect."""
    recipe = RECIPES[settings.network]
    augmentation = AUGMENTATIONS[settings.augmentation]

    training, validation = split_indices(len(dataset.images), settings.validation_split, settings.seed)
    targets = keras.utils.to_categorical(dataset.labels, dataset.n_classes)
    smoothed = targets * (1 - recipe.label_smoothing) + recipe.label_smoothing / dataset.n_classes
    validation_data = (dataset.images[validation][..., None], targets[validation]) if len(validation) else None

    def build() -> keras.Model:
        with layers_compute_in(settings.precision):
            return recipe.build(*dataset.image_size, dataset.n_classes)

    network = built_alone(build, settings.seed)
    steps = count_steps(len(training), settings.batch_size, settings.epochs)
    recipe.compile(network, steps, settings.learning_rate)
    print(
        f"network {settings.network}: {network.count_params():,} parameters, batches of {settings.batch_size}, "
        f"{settings.precision}"
    )

    history: dict[str, list[float]] = defaultdict(list)
    generator = np.random.default_rng(settings.seed)
    for epoch in range(settings.epochs):
        started = time.monotonic()
        order = generator.permutation(training)
        images = augmented(dataset.images[order], augmentation, generator)
        fitted = network.fit(
            images[..., None],
            smoothed[order],
            batch_size=settings.batch_size,
            shuffle=False,  # they are shuffled already
            initial_epoch=epoch,
            epochs=epoch + 1,
            validation_data=validation_data,
            verbose=0,
        )
        metrics = {name: float(value) for name, (value,) in fitted.history.items()}
        print(epoch_line(epoch + 1, settings.epochs, metrics, time.monotonic() - started), flush=True)
        log(epoch, metrics)
        for name, value in metrics.items():
            history[name].append(value)
    return built_alone(lambda: for_use(network, mirrored=augmentation.flip), settings.seed), history


def split_indices(n: int, share: float, seed: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Shuffle 0..n-1 and split it into the indices of the training images and of the validation images.

    At least one image is left to train on, and at least one to validate on if `share` is above 0 and n above 1.
    """
    order = np.random.default_rng(seed).permutation(n)
    held_out = 0 if share == 0 or n < 2 else min(n - 1, max(1, round(n * share)))
    return order[held_out:], order[:held_out]


def _log_epoch(epoch: int, metrics: Metrics) -> None:
    """Log the metrics, those of Microsoft's sample under its names, so that its runs and ours can be compared."""
    mlflow.log_metrics({_SAMPLE_NAMES.get(name, name): value for name, value in metrics.items()}, step=epoch)


def _log_learning_curves(history: dict[str, list[float]]) -> None:
    from mnist_pipeline.mnist.training.learning_curves import learning_curves  # Matplotlib takes a second to start

    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / LEARNING_CURVES
        learning_curves(history).savefig(picture)
        log_files({LEARNING_CURVES: picture})
