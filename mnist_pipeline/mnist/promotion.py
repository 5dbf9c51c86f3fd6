"""Whether a scored model is good enough to be registered: evidence and policy in, a decision out."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnist_pipeline.mnist.errors import MetricsError, SettingError
from mnist_pipeline.mnist.scoring_files import ACCURACY, METRICS, SCHEMA_VERSION


@dataclass(frozen=True)
class Evidence:
    """What scoring found out about a model.

    Attributes:
        accuracy: Share of the test images classified correctly, 0..1.
        digests: SHA-256 of `test_data`, `model` and `predictions`; empty where scoring wrote none.
    """

    accuracy: float
    digests: dict[str, str]


@dataclass(frozen=True)
class Check:
    """One requirement and what was observed."""

    name: str
    required: float
    observed: float
    passed: bool


@dataclass(frozen=True)
class Decision:
    """The checks of a policy; a model is accepted when all of them passed."""

    checks: tuple[Check, ...]

    @property
    def accepted(self) -> bool:
        """Whether every check passed; without any check nothing is accepted."""
        return bool(self.checks) and all(check.passed for check in self.checks)


def decide(evidence: Evidence, min_accuracy: float) -> Decision:
    """Compare the evidence with what is required. An accuracy equal to `min_accuracy` passes.

    Raises:
        MetricsError: the accuracy is not a number from 0 to 1.
        SettingError: `min_accuracy` is not a number from 0 to 1.
    """
    if not _is_share(min_accuracy):
        raise SettingError(f"min_accuracy is {min_accuracy}; it must be a number from 0 to 1.")
    if not _is_share(evidence.accuracy):
        raise MetricsError(f"the accuracy is {evidence.accuracy!r}, not a number from 0 to 1; nothing was registered.")
    return Decision((Check("min_accuracy", min_accuracy, evidence.accuracy, evidence.accuracy >= min_accuracy),))


def read_evidence(path: Path) -> Evidence:
    """Read `metrics.json`, or `accuracy.txt`, from the folder that a scoring step wrote, or from the file itself.

    Raises:
        MetricsError: there is neither, it cannot be read, or it does not hold a usable accuracy.
    """
    candidates = [path] if path.is_file() else [path / METRICS, path / ACCURACY]
    file = next((candidate for candidate in candidates if candidate.is_file()), None)
    if file is None:
        raise MetricsError(f"{path}: neither {METRICS} nor {ACCURACY} is there; give the folder that scoring wrote.")
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MetricsError(f"{file}: cannot be read ({error}); score the model again.") from error
    evidence = _parse_accuracy(text, file) if file.suffix == ".txt" else _parse_metrics(text, file)
    if not _is_share(evidence.accuracy):
        raise MetricsError(
            f"{file}: the accuracy is {evidence.accuracy}, not a number from 0 to 1; score the model again."
        )
    return evidence


def _parse_metrics(text: str, file: Path) -> Evidence:
    try:
        content: Any = json.loads(text)
    except json.JSONDecodeError as error:
        raise MetricsError(f"{file}: not JSON ({error}); score the model again.") from error
    if not isinstance(content, dict) or content.get("schema_version") != SCHEMA_VERSION:
        raise MetricsError(f"{file}: not a metrics file of schema version {SCHEMA_VERSION}; score the model again.")
    digests = content.get("digests")
    if not isinstance(digests, dict) or not all(isinstance(value, str) for value in digests.values()):
        raise MetricsError(f"{file}: the digests are missing; score the model again.")
    accuracy = content.get("accuracy")
    if isinstance(accuracy, bool) or not isinstance(accuracy, int | float):
        raise MetricsError(f"{file}: the accuracy is {accuracy!r}, not a number; score the model again.")
    return Evidence(accuracy, digests)


def _parse_accuracy(text: str, file: Path) -> Evidence:
    try:
        return Evidence(float(text), {})
    except ValueError as error:
        raise MetricsError(f"{file}: holds {text.strip()[:40]!r}, not a number; score the model again.") from error


def _is_share(value: float) -> bool:
    return 0 <= value <= 1  # NaN is not
