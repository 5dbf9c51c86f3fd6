"""Scoring a model on test images: predictions, figures of merit, pictures."""

import json
import os
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mnist_pipeline.errors import DataError
from mnist_pipeline.files import sha256_of, written_whole
from mnist_pipeline.mnist.data.dataset import Dataset, csv_batches, data_digest, read_dataset, sole_csv
from mnist_pipeline.mnist.model.classifier import PREDICTION_BATCH, Classifier
from mnist_pipeline.mnist.model.model_folder import load_model
from mnist_pipeline.mnist.scoring.result_files import (
    ACCURACY,
    CONFUSION_MATRIX,
    LABELS,
    METRICS,
    MISTAKES,
    PREDICTIONS,
)
from mnist_pipeline.mnist.scoring.scorecard import Scorecard
from mnist_pipeline.mnist.tracking import log_files, step_run

_BATCH_IMAGES = 10 * PREDICTION_BATCH  # read at a time


class Evaluation(NamedTuple):
    """What a model makes of labelled images.

    Attributes:
        card: The figures.
        predictions: The most probable class of each image, shape (n,).
        labels: The true classes, as the model numbers them, uint8 of shape (n,).
    """

    card: Scorecard
    predictions: npt.NDArray[np.intp]
    labels: npt.NDArray[np.uint8]


def evaluate(model: Classifier, dataset: Dataset) -> Evaluation:
    """Run the model over the images.

    Raises:
        DataError: the images have another size than the model takes, or a label that it does not know.
    """
    if dataset.image_size != model.image_size:
        n_pixels = dataset.images[0].size
        if n_pixels != model.image_size[0] * model.image_size[1]:
            raise DataError(
                f"the test images have {n_pixels} pixels, the model was trained on images of "
                f"{model.image_size[0]} x {model.image_size[1]}; score it with data of the kind it was trained on."
            )
        raise DataError(f"the test images are {dataset.image_size}, the model takes {model.image_size}.")
    labels = _labels_of(model, dataset)
    card = Scorecard(model.image_size, model.names)
    return Evaluation(card, card.add(dataset.images, labels, model.probabilities(dataset.images)), labels)


def score(
    input_data: str | os.PathLike[str],
    input_model: str | os.PathLike[str],
    output_result: str | os.PathLike[str],
) -> None:
    """Write predictions, labels, `metrics.json`, a confusion matrix and the most confident mistakes; all or none.

    Images are read, classified and forgotten batch by batch, so that a test set may be larger than the memory.
    Logs the same to MLflow, under the names of Microsoft's sample too (`Final test loss`, `Final test accuracy`).

    Args:
        input_data: A label-first CSV, or a folder with exactly one.
        input_model: A model folder.
        output_result: Folder for the results, created if missing.

    Raises:
        CsvError: the test data are missing or malformed.
        DataError: model and test data do not fit each other.
        ModelError: there is no usable model in the folder.
        OutputError: the results cannot be written.
    """
    from mnist_pipeline.mnist.scoring.pictures import confusion_matrix_figure, mistakes_figure

    model = load_model(input_model)
    test_csv = sole_csv(Path(input_data))
    batches = _labelled_batches(test_csv, model)
    first = next(batches)  # before any file is begun: data of another kind are refused here

    card = Scorecard(model.image_size, model.names)
    result = Path(output_result)
    files = [result / name for name in (PREDICTIONS, LABELS, METRICS, CONFUSION_MATRIX, MISTAKES)]
    with written_whole(*files) as (predictions, labels, metrics, confusion, mistakes):
        with predictions.open("wb") as predicted_lines, labels.open("wb") as label_lines:
            for batch_images, batch_labels in chain([first], batches):
                predicted = card.add(batch_images, batch_labels, model.probabilities(batch_images))
                predicted_lines.write(_class_lines(predicted))
                label_lines.write(_class_lines(batch_labels))
        _write_metrics(card, test_csv, Path(input_model), predictions, labels, metrics)
        confusion_matrix_figure(card.counts, model.names).savefig(confusion, format="png")
        mistakes_figure(card.images, card.labels, card.probabilities, model.names).savefig(mistakes, format="png")

    with step_run():
        log_metrics(card)
        log_files({file.name: file for file in files})
    print(f"accuracy {card.accuracy:.4f}, loss {card.loss:.4f} on {card.n_images} images", flush=True)


def log_metrics(card: Scorecard) -> None:
    """Log accuracy and loss to the active MLflow run, under this package's names and the sample's."""
    import mlflow

    mlflow.log_metrics(
        {
            "test_accuracy": card.accuracy,
            "test_loss": card.loss,
            "Final test accuracy": card.accuracy,
            "Final test loss": card.loss,
        }
    )


def write_accuracy(
    test_data: str | os.PathLike[str], input_model: str | os.PathLike[str], folder: str | os.PathLike[str]
) -> None:
    """Evaluate a model, log the figures to MLflow, and write `accuracy.txt`, one decimal number, with its evidence.

    Args:
        test_data: A CSV file, or a folder with a CSV, with IDX files, or with one folder a label.
        input_model: A model folder.
        folder: Folder for `accuracy.txt`, `metrics.json`, `predict_result.csv` and `labels.csv`, created if missing.

    Raises:
        DataError: the test data cannot be read, or model and test data do not fit each other.
        ModelError: there is no usable model in the folder.
        OutputError: the files cannot be written.
    """
    model = load_model(input_model)
    card, predicted, true = evaluate(model, read_dataset(test_data, "test", model.image_size))
    files = [Path(folder) / name for name in (ACCURACY, PREDICTIONS, LABELS, METRICS)]
    with written_whole(*files) as (accuracy, predictions, labels, metrics):
        accuracy.write_text(f"{card.accuracy!r}\n", encoding="ascii")
        predictions.write_bytes(_class_lines(predicted))
        labels.write_bytes(_class_lines(true))
        _write_metrics(card, Path(test_data), Path(input_model), predictions, labels, metrics)
    with step_run():
        log_metrics(card)
    print(f"accuracy {card.accuracy:.4f} on {card.n_images} images", flush=True)


def _labelled_batches(
    test_csv: Path, model: Classifier
) -> Iterator[tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]]:
    """Yield images (n, height, width) and labels (n,) of a CSV, checked against what the model knows."""
    for batch in csv_batches(test_csv, model.image_size, _BATCH_IMAGES):
        yield batch.images, _labels_of(model, batch)


def _write_metrics(
    card: Scorecard, test_data: Path, model: Path, predictions: Path, labels: Path, metrics: Path
) -> None:
    """Write the figures with the digests of all that they are about."""
    digests = {
        "test_data": data_digest(test_data),
        "model": sha256_of(model),
        "predictions": sha256_of(predictions),
        "labels": sha256_of(labels),
    }
    metrics.write_text(json.dumps(card.metrics | {"digests": digests}, indent=2) + "\n", encoding="utf-8")


def _class_lines(classes: npt.NDArray[np.integer[Any]]) -> bytes:
    """The text of class numbers, one a line."""
    return "".join(f"{number}\n" for number in classes.tolist()).encode("ascii")


def _labels_of(model: Classifier, dataset: Dataset) -> npt.NDArray[np.uint8]:
    """The dataset's labels as the model numbers them: by name where both have names, as they are otherwise."""
    if dataset.class_names and model.class_names:
        unknown = sorted(set(dataset.class_names) - set(model.class_names))
        if unknown:
            raise DataError(f"the test data have classes that the model does not know: {', '.join(unknown)}.")
        order: Sequence[int] = [model.class_names.index(name) for name in dataset.class_names]
        return np.array(order, np.uint8)[dataset.labels]
    if int(dataset.labels.max()) >= model.n_classes:
        raise DataError(
            f"the test data hold the label {dataset.labels.max()}, but the model knows only the labels "
            f"0..{model.n_classes - 1}; score it with data of the kind it was trained on."
        )
    return dataset.labels
