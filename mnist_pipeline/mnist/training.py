"""Training a network on labelled images, tracked by MLflow."""

import os
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mnist_pipeline.mnist.dataset import Dataset
from mnist_pipeline.mnist.errors import DataError
from mnist_pipeline.mnist.hyperparameters import Hyperparameters
from mnist_pipeline.mnist.model_folder import TrainedModel, model_target, save_model

if TYPE_CHECKING:
    import keras

LEARNING_CURVES = "learning_curves.png"  # artifact of the MLflow run

_EXAMPLE_IMAGES = 3


def split_indices(n: int, share: float, seed: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the shuffled indices of the training and of the validation images, of 0..n-1.

    At least one image is left to train on, and at least one to validate on when `share` is above 0 and n above 1.
    """
    order = np.random.default_rng(seed).permutation(n)
    held_out = 0 if share == 0 or n < 2 else min(n - 1, max(1, round(n * share)))
    return order[held_out:], order[:held_out]


def class_names_of(text: str | None) -> tuple[str, ...]:
    """Split a comma-separated list of class names; None names none."""
    return tuple(name.strip() for name in text.split(",")) if text else ()


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

    from mnist_pipeline.mnist.figures import learning_curves
    from mnist_pipeline.mnist.tracking import step_run

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
        network, history = _fit(dataset, settings, log=lambda epoch, figures: mlflow.log_metrics(figures, step=epoch))
        mlflow.log_figure(learning_curves(history), LEARNING_CURVES)
        save_model(
            TrainedModel(network, dataset.class_names), output_model, dataset.images[:_EXAMPLE_IMAGES], asdict(settings)
        )


def _fit(
    dataset: Dataset, settings: Hyperparameters, log: Callable[[int, dict[str, float]], object]
) -> tuple["keras.Model", dict[str, list[float]]]:
    """Train on the dataset; return the network and the figures of each epoch."""
    import keras
    import tensorflow as tf

    from mnist_pipeline.mnist.network import build_network
    from mnist_pipeline.mnist.optimization import compile_network, count_steps

    # Here and not earlier: MLflow draws names for its runs from the same source of random numbers as Keras.
    keras.utils.set_random_seed(settings.seed)
    tf.config.experimental.enable_op_determinism()
    training, validation = split_indices(len(dataset.images), settings.validation_split, settings.seed)
    images = dataset.images[..., None]
    network = build_network(*dataset.image_size, dataset.n_classes)
    steps = count_steps(len(training), settings.batch_size, settings.epochs)
    compile_network(network, steps, settings.learning_rate)
    history: dict[str, list[float]] = {}
    epoch_started = time.monotonic()

    def end_epoch(epoch: int, logs: dict[str, float]) -> None:
        nonlocal epoch_started
        seconds, epoch_started = time.monotonic() - epoch_started, time.monotonic()
        for name, value in logs.items():
            history.setdefault(name, []).append(float(value))
        figures = "  ".join(f"{name} {value:.4f}" for name, value in logs.items())
        print(f"epoch {epoch + 1}/{settings.epochs}  {figures}  ({seconds:.1f} s)", flush=True)
        # Microsoft's sample calls them Loss and Accuracy; its figures and ours can be compared.
        log(epoch, {**logs, "Loss": logs["loss"], "Accuracy": logs["accuracy"]})

    network.fit(
        images[training],
        dataset.labels[training],
        batch_size=settings.batch_size,
        epochs=settings.epochs,
        validation_data=(images[validation], dataset.labels[validation]) if len(validation) else None,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=end_epoch)],
        verbose=0,
    )
    return network, history
