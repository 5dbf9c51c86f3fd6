"""Reads what scoring wrote. The gate recomputes scoring's metrics instead of trusting them."""

import hashlib
import json
import math
import os
import re
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
    """Read the results of a scoring step: its folder, its `metrics.json`, or an `accuracy.txt` alone.

    Every metric in `metrics.json` is recomputed from `predict_result.csv` and `labels.csv` beside it, and must match.
    The loss is the exception: it depends on the probabilities, which scoring does not write. The SHA-256 digests of
    both files must match too. An `accuracy.txt` is evidence of the accuracy and of nothing else.

    Raises:
        MetricsError: both files are missing, a file cannot be read or was changed after scoring, or a metric is
            missing, makes no sense or does not follow from the predictions.
    """
    given = Path(path)
    candidates = [given] if given.is_file() else [given / METRICS, given / ACCURACY]
    file = next((candidate for candidate in candidates if candidate.is_file()), None)
    if file is None:
        raise MetricsError(f"{given}: has neither {METRICS} nor {ACCURACY}; give the folder that scoring wrote.")
    if file == given / ACCURACY and any((given / name).exists() for name in EVIDENCE_FILES):
        raise MetricsError(f"{given / METRICS}: missing; give the whole folder that scoring wrote.")
    return _read_accuracy(file) if file.suffix == ".txt" else _read_metrics(file)


def _read_accuracy(file: Path) -> Evidence:
    text = _read_text(file)
    try:
        accuracy = float(text)
    except ValueError as error:
        raise MetricsError(f"{file}: holds {text.strip()[:40]!r}, not a number; score the model again.") from error
    return _evidence(file, accuracy=accuracy)


def _read_metrics(file: Path) -> Evidence:
    content = _read_json(file)
    digests = content.get("digests")
    if not isinstance(digests, dict) or digests.keys() != _DIGESTS or not all(map(_is_digest, digests.values())):
        raise MetricsError(
            f"{file}: digests does not hold the SHA-256 of test_data, model, predictions and labels; score the model "
            "again."
        )
    predictions = _read_classes(file.with_name(PREDICTIONS), digests["predictions"])
    labels = _read_classes(file.with_name(LABELS), digests["labels"])
    if len(predictions) != len(labels) or not len(labels):
        raise MetricsError(
            f"{file.parent}: {PREDICTIONS} has {len(predictions)} predictions and {LABELS} has {len(labels)} labels; "
            "there must be one of each per image, so score the model again."
        )
    names = _class_names(content, file)
    highest = max(int(labels.max()), int(predictions.max()))
    if highest >= len(names):
        raise MetricsError(
            f"{file}: names {len(names)} classes, but there are labels or predictions of class {highest}; score the "
            "model again."
        )
    recomputed = metrics_of(confusion_matrix(labels, predictions, len(names)), math.nan, names)
    del recomputed["loss"]  # it cannot be recomputed
    for name, value in recomputed.items():
        if _as_json(content.get(name)) != _as_json(value):
            raise MetricsError(
                f"{file}: {name} does not follow from {PREDICTIONS} and {LABELS} beside it; score the model again."
            )
    loss = content.get("loss")
    return _evidence(
        file,
        accuracy=recomputed["accuracy"],
        loss=math.nan if loss is None else loss,  # scoring writes null for a loss that is not finite
        recalls=tuple(entry["recall"] for entry in recomputed["classes"]),
        correct=tuple((predictions == labels).tolist()),
        digests=digests,
    )


def _evidence(file: Path, **values: Any) -> Evidence:
    """Construct evidence that was read from a file; if it makes no sense, the error names the file."""
    try:
        return Evidence(**values)
    except MetricsError as error:
        raise MetricsError(f"{file}: {error}") from error


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
    """Read one class per line, shape (n,), from a file that must have this SHA-256 digest."""
    try:
        content = file.read_bytes()
    except FileNotFoundError as error:
        raise MetricsError(f"{file}: missing; give the whole folder that scoring wrote.") from error
    except OSError as error:
        raise MetricsError(f"{file}: cannot be read ({error}); give the whole folder that scoring wrote.") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise MetricsError(f"{file}: was changed after scoring (its SHA-256 is not the recorded one); score again.")
    try:
        return np.array([int(line) for line in content.splitlines()], np.uint8).astype(np.int64)
    except (ValueError, OverflowError) as error:
        raise MetricsError(f"{file}: not one class, 0 to 255, per line ({error}); score the model again.") from error


def _class_names(content: dict[str, Any], file: Path) -> list[str]:
    classes = content.get("classes")
    if not isinstance(classes, list) or not all(
        isinstance(entry, dict) and isinstance(entry.get("name"), str) for entry in classes
    ):
        raise MetricsError(f"{file}: the names of the classes are missing; score the model again.")
    return [entry["name"] for entry in classes]


def _as_json(value: object) -> str:
    """Return JSON text, in which `true` and 1 differ; as Python values they are equal."""
    return json.dumps(value, sort_keys=True)


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None
