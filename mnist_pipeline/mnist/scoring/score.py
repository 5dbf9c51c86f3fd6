"""The steps that score a model on test images: predictions, metrics, pictures."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mnist_pipeline.files import sha256_of, written_whole
from mnist_pipeline.mnist.data.dataset import data_digest, sole_csv
from mnist_pipeline.mnist.model.model_folder import load_model
from mnist_pipeline.mnist.scoring.evaluation import BATCH_IMAGES, ScoredBatch, evaluate
from mnist_pipeline.mnist.scoring.result_files import (
    ACCURACY,
    CONFUSION_MATRIX,
    LABELS,
    METRICS,
    MISTAKES,
    PREDICTIONS,
)
from mnist_pipeline.mnist.scoring.scorecard import Scorecard
from mnist_pipeline.mnist.tracking import log_data, log_files, log_params, step_run


def score(
    input_data: str | os.PathLike[str],
    input_model: str | os.PathLike[str],
    output_result: str | os.PathLike[str],
    batch_images: int = BATCH_IMAGES,
) -> None:
    """Write predictions, labels, `metrics.json`, a confusion matrix and the most confident mistakes; all or none.

    Images are read, classified and forgotten batch by batch, so a test set may be larger than the memory. The same
    results are logged to MLflow, with the metrics of Microsoft's sample (`Final test loss`, `Final test accuracy`).

    Args:
        input_data: A label-first CSV, or a folder with exactly one.
        input_model: A model folder.
        output_result: Folder for the results, created if missing.
        batch_images: How many images to read and classify at a time.

    Raises:
        CsvError: the test data are missing or malformed.
        DataError: model and test data do not fit each other.
        ModelError: there is no usable model in the folder.
        OutputError: the results cannot be written.
    """
    from mnist_pipeline.mnist.scoring.drawn_names import drawn_names
    from mnist_pipeline.mnist.scoring.pictures import draw_confusion_matrix, draw_mistakes

    model = load_model(input_model)
    test_csv = sole_csv(Path(input_data))
    evaluation = evaluate(model, test_csv, batch_images)
    card = evaluation.card
    result = Path(output_result)
    files = [result / name for name in (PREDICTIONS, LABELS, METRICS, CONFUSION_MATRIX, MISTAKES)]
    with written_whole(*files) as (predictions, labels, metrics, confusion, mistakes):
        _write_classes(evaluation.batches, predictions, labels)
        digests = _write_metrics(card, test_csv, Path(input_model), predictions, labels, metrics)
        names = drawn_names(model.names)
        if names.warning:
            print(names.warning, flush=True)
        draw_confusion_matrix(card.counts, names).savefig(confusion, format="png", bbox_inches="tight")
        draw_mistakes(card.images, card.labels, card.probabilities, names).savefig(mistakes, format="png")

    with step_run():
        _log_results(card, test_csv, digests)
        log_files({file.name: file for file in files})
    print(f"accuracy {card.accuracy:.4f}, loss {card.loss:.4f} on {card.n_images} images", flush=True)


def write_accuracy(
    test_data: str | os.PathLike[str], input_model: str | os.PathLike[str], folder: str | os.PathLike[str]
) -> None:
    """Evaluate a model, write `accuracy.txt`, which is one decimal number, with its evidence, and log the metrics.

    Args:
        test_data: A CSV file, or a folder with a CSV, with IDX files, or with one folder per label.
        input_model: A model folder.
        folder: Folder for `accuracy.txt`, `metrics.json`, `predict_result.csv` and `labels.csv`, created if missing.

    Raises:
        DataError: the test data cannot be read, or model and test data do not fit each other.
        ModelError: there is no usable model in the folder.
        OutputError: the files cannot be written.
    """
    evaluation = evaluate(load_model(input_model), test_data)
    card = evaluation.card
    files = [Path(folder) / name for name in (ACCURACY, PREDICTIONS, LABELS, METRICS)]
    with written_whole(*files) as (accuracy, predictions, labels, metrics):
        _write_classes(evaluation.batches, predictions, labels)
        digests = _write_metrics(card, Path(test_data), Path(input_model), predictions, labels, metrics)
        accuracy.write_text(f"{card.accuracy!r}\n", encoding="ascii")
    with step_run():
        _log_results(card, Path(test_data), digests)
    print(f"accuracy {card.accuracy:.4f} on {card.n_images} images", flush=True)


def _write_classes(batches: Iterable[ScoredBatch], predictions: Path, labels: Path) -> None:
    """Write predictions and labels, one class per line."""
    with predictions.open("wb") as prediction_lines, labels.open("wb") as label_lines:
        for batch in batches:
            prediction_lines.write(_class_lines(batch.predictions))
            label_lines.write(_class_lines(batch.labels))


def _class_lines(classes: npt.NDArray[np.integer[Any]]) -> bytes:
    return "".join(f"{number}\n" for number in classes.tolist()).encode("ascii")


def _write_metrics(
    card: Scorecard, test_data: Path, model: Path, predictions: Path, labels: Path, metrics: Path
) -> dict[str, str]:
    """Write the metrics, with the digests of everything that they depend on; return these."""
    digests = {
        "test_data": data_digest(test_data),
        "model": sha256_of(model),
        "predictions": sha256_of(predictions),
        "labels": sha256_of(labels),
    }
    metrics.write_text(json.dumps(card.metrics | {"digests": digests}, indent=2) + "\n", encoding="utf-8")
    return digests


def _log_results(card: Scorecard, test_data: Path, digests: dict[str, str]) -> None:
    """Log accuracy and loss to the active MLflow run, under the sample's names, and what they were measured on."""
    import mlflow

    mlflow.log_metrics({"Final test accuracy": card.accuracy, "Final test loss": card.loss})
    log_params({"test_images": card.n_images})
    log_data("test_data", test_data, digests["test_data"], card.n_images, "testing")
