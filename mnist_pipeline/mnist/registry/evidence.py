"""What scoring wrote, read back and verified before anything is decided on it."""

import hashlib
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mnist_pipeline.errors import MetricsError
from mnist_pipeline.mnist.registry.promotion import Evidence
from mnist_pipeline.mnist.scoring.metrics import confusion_matrix, metrics_of
from mnist_pipeline.mnist.scoring.result_files import ACCURACY, LABELS, METRICS, PREDICTIONS, SCHEMA_VERSION

EVIDENCE_FILES = (METRICS, PREDICTIONS, LABELS)

_DIGESTS = {"test_data", "model", "predictions", "labels"}


def read_evidence(path: str | os.PathLike[str]) -> Evidence:
    """Read what a scoring step wrote: its folder, its `metrics.json`, or an `accuracy.txt` that stands alone.

    Every figure in `metrics.json` but the loss, which takes the probabilities, is computed again from
    `predict_result.csv` and `labels.csv` beside it, and the digests of these two are compared. An `accuracy.txt` is
    evidence of the accuracy and of nothing else.

    Raises:
        MetricsError: there is neither, a file cannot be read or was changed, or a figure is missing or does not follow
            from the predictions.
    """
    given = Path(path)
    candidates = [given] if given.is_file() else [given / METRICS, given / ACCURACY]
    file = next((candidate for candidate in candidates if candidate.is_file()), None)
    if file is None:
        raise MetricsError(f"{given}: neither {METRICS} nor {ACCURACY} is there; give the folder that scoring wrote.")
    if file == given / ACCURACY and any((given / name).exists() for name in EVIDENCE_FILES):
        raise MetricsError(f"{given / METRICS}: is missing; give the whole folder that scoring wrote.")
    return _read_accuracy(file) if file.suffix == ".txt" else _read_metrics(file)


def _read_accuracy(file: Path) -> Evidence:
    text = _read_text(file)
    try:
        accuracy = float(text)
    except ValueError as error:
        raise MetricsError(f"{file}: holds {text.strip()[:40]!r}, not a number; score the model again.") from error
    _check_share(accuracy, file)
    return Evidence(accuracy)


def _read_metrics(file: Path) -> Evidence:
    content = _read_json(file)
    digests = content.get("digests")
    if not isinstance(digests, dict) or digests.keys() != _DIGESTS or not all(map(_is_digest, digests.values())):
        raise MetricsError(
            f"{file}: the digests are not those of test_data, model, predictions and labels; score the model again."
        )
    predictions = _read_classes(file.with_name(PREDICTIONS), digests["predictions"])
    labels = _read_classes(file.with_name(LABELS), digests["labels"])
    if len(predictions) != len(labels) or not len(labels):
        raise MetricsError(
            f"{file.parent}: {len(predictions)} predictions in {PREDICTIONS} and {len(labels)} labels in {LABELS} are "
            "not one for each image; score the model again."
        )
    _check_share(content.get("accuracy"), file)
    loss = _loss_of(content, file)
    names = _class_names(content, file)
    highest = max(int(labels.max()), int(predictions.max()))
    if highest >= len(names):
        raise MetricsError(
            f"{file}: names {len(names)} classes, but there is a class {highest}; score the model again."
        )
    expected = metrics_of(confusion_matrix(labels, predictions, len(names)), loss, names)
    for name, value in expected.items():
        if _as_json(content.get(name)) != _as_json(value):
            raise MetricsError(
                f"{file}: {name} does not follow from {PREDICTIONS} and {LABELS} beside it; score the model again."
            )
    return Evidence(
        accuracy=expected["accuracy"],
        loss=loss,
        recalls=tuple(entry["recall"] for entry in expected["classes"]),
        correct=tuple((predictions == labels).tolist()),
        digests=digests,
    )


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content: Any = json.loads(_read_text(file))
    except (ValueError, RecursionError) as error:  # an integer of thousands of digits is a ValueError
        raise MetricsError(f"{file}: not JSON ({error}); score the model again.") from error
    version = content.get("schema_version") if isinstance(content, dict) else None
    if not isinstance(version, int) or isinstance(version, bool) or version != SCHEMA_VERSION:
        raise MetricsError(f"{file}: not a metrics file of schema version {SCHEMA_VERSION}; score the model again.")
    found: dict[str, Any] = content
    return found


def _read_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MetricsError(f"{file}: cannot be read ({error}); score the model again.") from error


def _read_classes(file: Path, digest: str) -> npt.NDArray[np.int64]:
    """Read a class a line, shape (n,), from a file that must have the digest."""
    try:
        content = file.read_bytes()
    except FileNotFoundError as error:
        raise MetricsError(f"{file}: is missing; give the whole folder that scoring wrote.") from error
    except OSError as error:
        raise MetricsError(f"{file}: cannot be read ({error}); give the whole folder that scoring wrote.") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise MetricsError(f"{file}: was changed after scoring: its SHA-256 is not the recorded one; score again.")
    try:
        return np.array([int(line) for line in content.splitlines()], np.uint8).astype(np.int64)
    except (ValueError, OverflowError) as error:
        raise MetricsError(f"{file}: not a class, 0 to 255, a line ({error}); score the model again.") from error


def _loss_of(content: dict[str, Any], file: Path) -> float:
    loss = content.get("loss")
    if isinstance(loss, bool) or not isinstance(loss, int | float) or not 0 <= loss <= sys.float_info.max:
        raise MetricsError(
            f"{file}: the loss is {loss!r}, not a number of at least 0; a network that diverged must be trained again."
        )
    return loss


def _class_names(content: dict[str, Any], file: Path) -> list[str]:
    classes = content.get("classes")
    if not isinstance(classes, list) or not all(
        isinstance(entry, dict) and isinstance(entry.get("name"), str) for entry in classes
    ):
        raise MetricsError(f"{file}: the classes and their names are missing; score the model again.")
    return [entry["name"] for entry in classes]


def _check_share(accuracy: object, file: Path) -> None:
    if isinstance(accuracy, bool) or not isinstance(accuracy, int | float):
        raise MetricsError(f"{file}: the accuracy is {accuracy!r}, not a number; score the model again.")
    if not 0 <= accuracy <= 1:  # NaN is not
        raise MetricsError(f"{file}: the accuracy is {accuracy}, not a number from 0 to 1; score the model again.")


def _as_json(value: object) -> str:
    """Return text that, unlike the value, tells `true` from 1."""
    return json.dumps(value, sort_keys=True)


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None
