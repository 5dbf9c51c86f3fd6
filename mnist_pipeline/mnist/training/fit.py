"""Training a network on labelled images, tracked by MLflow."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mnist_pipeline.errors import DataError
from mnist_pipeline.mnist.data.dataset import Dataset
from mnist_pipeline.mnist.model.classifier import TrainedModel
from mnist_pipeline.mnist.model.model_folder import model_target, save_model
from mnist_pipeline.mnist.training.augmentation import AUGMENTATIONS, augmented
from mnist_pipeline.mnist.training.hyperparameters import NO_CLASS_NAMES, Hyperparameters
from mnist_pipeline.mnist.training.learning_curves import learning_curves
from mnist_pipeline.mnist.training.precision import choose_precision
from mnist_pipeline.mnist.training.recipes import RECIPES

if TYPE_CHECKING:
    import keras

LEARNING_CURVES = "learning_curves.png"  # artifact of the MLflow run, after more than one epoch

_EXAMPLE_IMAGES = 3


def split_indices(n: int, share: float, seed: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the shuffled indices of the training and of the validation images, of 0..n-1.

    At least one image is left to train on, and at least one to validate on when `share` is above 0 and n above 1.
    """
    order = np.random.default_rng(seed).permutation(n)
    held_out = 0 if share == 0 or n < 2 else min(n - 1, max(1, round(n * share)))
    return order[held_out:], order[:held_out]


def class_names_of(text: str) -> tuple[str, ...]:
    """Split a comma-separated list of class names; `none` names no class."""
    return () if text == NO_CLASS_NAMES else tuple(name.strip() for name in text.split(","))


def train(dataset: Dataset, output_model: str | os.PathLike[str], settings: Hyperparameters | None = None) -> None:
    """Train a network, log every epoch to MLflow, and write an MLflow model folder.

    The same dataset, settings and machine give the same model, weight for weight.

    Args:
        dataset: At least one image.
        output_model: Folder for the model; it appears whole or not at all.
        settings: Hyperparameters, the defaults when None.

    Raises:
        DataError: a label has no class name.
        OutputError: `output_model` cannot be written to.
    """
    settings = settings or Hyperparameters()
    model_target(output_model)  # found out before the training, not after it
    if int(dataset.labels.max()) >= dataset.n_classes:
        raise DataError(
            f"the data hold the label {dataset.labels.max()} but there are only {dataset.n_classes} class names; "
            "name every class from label 0 on."
        )

    import mlflow

    from mnist_pipeline.mnist.step_run import log_files, step_run

    with step_run():
        height, width = dataset.image_size
        mlflow.log_params(
            {
                **asdict(settings),
                "images": len(dataset.images),
                "image_size": f"{height}x{width}",
                "classes": dataset.n_classes,
            }
        )
        network, history = fit(dataset, settings, log=lambda epoch, figures: mlflow.log_metrics(figures, step=epoch))
        if settings.epochs > 1:  # one point is no curve, and Matplotlib takes a second to start
            with tempfile.TemporaryDirectory() as aside:
                file = Path(aside) / LEARNING_CURVES
                learning_curves(history).savefig(file)
                log_files({LEARNING_CURVES: file})
        save_model(
            TrainedModel(network, dataset.class_names), output_model, dataset.images[:_EXAMPLE_IMAGES], asdict(settings)
        )


def fit(
    dataset: Dataset, settings: Hyperparameters, log: Callable[[int, dict[str, float]], object]
) -> tuple["keras.Model", dict[str, list[float]]]:
    """Train on the dataset; return the network, ready for use, and the figures of each epoch."""
    import keras
    import tensorflow as tf

    from mnist_pipeline.mnist.training.networks import for_use
    from mnist_pipeline.mnist.training.optimizers import count_steps

    # Here and not earlier: MLflow draws names for its runs from the same source of random numbers as Keras.
    keras.utils.set_random_seed(settings.seed)
    tf.config.experimental.enable_op_determinism()
    recipe = RECIPES[settings.network]
    batch_size = settings.batch_size or recipe.batch_size
    training, validation = split_indices(len(dataset.images), settings.validation_split, settings.seed)
    targets = keras.utils.to_categorical(dataset.labels, dataset.n_classes)
    smoothed = targets * (1 - recipe.label_smoothing) + recipe.label_smoothing / dataset.n_classes
    precision = choose_precision(settings.precision, gpu=bool(tf.config.list_physical_devices("GPU")))
    with _dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32"):
        network = recipe.build(*dataset.image_size, dataset.n_classes)
    print(f"network {settings.network}: {network.count_params():,} parameters, batches of {batch_size}, {precision}")
    steps = count_steps(len(training), batch_size, settings.epochs)
    recipe.compile(network, steps, settings.learning_rate or recipe.learning_rate)

    history: dict[str, list[float]] = {}
    generator = np.random.default_rng(settings.seed)
    for epoch in range(settings.epochs):
        started = time.monotonic()
        order = generator.permutation(training)
        figures = network.fit(
            augmented(dataset.images[order], settings.augmentation, generator)[..., None],
            smoothed[order],
            batch_size=batch_size,
            shuffle=False,  # they are
            initial_epoch=epoch,
            epochs=epoch + 1,
            validation_data=(dataset.images[validation][..., None], targets[validation]) if len(validation) else None,
            verbose=0,
        ).history
        logs = {name: float(value) for name, (value,) in figures.items()}
        for name, value in logs.items():
            history.setdefault(name, []).append(value)
        shown = "  ".join(f"{name} {value:.4f}" for name, value in logs.items())
        print(f"epoch {epoch + 1}/{settings.epochs}  {shown}  ({time.monotonic() - started:.1f} s)", flush=True)
        # Microsoft's sample calls them Loss and Accuracy; its figures and ours can be compared.
        log(epoch, {**logs, "Loss": logs["loss"], "Accuracy": logs["accuracy"]})
    return for_use(network, mirrored=AUGMENTATIONS[settings.augmentation].flip), history


@contextmanager
def _dtype_policy(name: str) -> Iterator[None]:
    """Build layers under this dtype policy of Keras, and set it back."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
