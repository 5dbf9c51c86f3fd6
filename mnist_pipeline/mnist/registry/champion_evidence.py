"""The champion that a model has to face, with its evidence on the same test data."""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mnist_pipeline.errors import MetricsError, ModelError
from mnist_pipeline.files import sha256_of
from mnist_pipeline.mnist.registry.evidence import read_evidence
from mnist_pipeline.mnist.registry.promotion import Evidence
from mnist_pipeline.mnist.registry.versions import DATA_DIGEST, MODEL_DIGEST, ModelVersions

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

EVIDENCE_TAG = "evidence"  # of a version: where its evidence is


def find_opponent(versions: ModelVersions, model_digest: str) -> "ModelVersion | None":
    """Return the champion that a challenger has to face; None where there is none.

    If the challenger is the champion already, because its step is run again, that is the champion which it replaced.

    Args:
        versions: The versions of the registered model.
        model_digest: SHA-256 of the challenger.

    Raises:
        RegistryError: the registry cannot be reached or refuses.
    """
    champion = versions.champion()
    if champion is not None and champion.tags.get(MODEL_DIGEST) == model_digest:
        history = versions.history()
        previous = history[0].previous if history else None
        return versions.all().get(previous) if previous is not None else None
    return champion


def evidence_of(
    champion: "ModelVersion", versions: ModelVersions, evidence: Evidence, test_data: str | os.PathLike[str] | None
) -> Evidence:
    """Return the evidence of a champion on the challenger's test data; where it has none, it is scored again on them.

    Args:
        champion: One of the versions.
        versions: The versions of the registered model.
        evidence: The challenger's.
        test_data: What the challenger was scored on; None where it is not at hand.

    Raises:
        MetricsError: the two cannot be compared: the challenger's evidence is an accuracy alone, or the champion's is
            missing or of other data and there are no test data to score it on.
        ModelError, DataError: the champion cannot be scored on the test data.
        RegistryError: the registry cannot be reached or refuses.
    """
    name = f"the champion, {versions.name} version {champion.version}"
    if not evidence.digests:
        raise MetricsError(
            f"an accuracy alone cannot be compared with {name}; nothing was registered; give the folder with "
            "metrics.json, predict_result.csv and labels.csv, or compare with no champion (champion=off)."
        )
    wanted = evidence.digests["test_data"]
    with tempfile.TemporaryDirectory() as folder:
        if EVIDENCE_TAG in champion.tags and champion.tags.get(DATA_DIGEST) == wanted:
            return _stored_evidence(versions, champion, Path(folder))
        if test_data is not None:
            return _score_again(versions, champion, test_data, wanted, Path(folder))
    raise MetricsError(
        f"{name}, was scored on other test data; nothing was registered; give the test data (test_data), on which it "
        "is then scored again, or compare with no champion (champion=off)."
    )


def _stored_evidence(versions: ModelVersions, champion: "ModelVersion", folder: Path) -> Evidence:
    evidence = read_evidence(versions.download(champion.tags[EVIDENCE_TAG], folder))
    for what, digest in evidence.digests.items():
        if champion.tags.get(f"sha256.{what}") != digest:
            raise MetricsError(
                f"{versions.name} version {champion.version}: its stored evidence is of another {what} than its tags "
                "say; nothing was registered; compare with no champion (champion=off) or promote another version."
            )
    return evidence


def _score_again(
    versions: ModelVersions, champion: "ModelVersion", test_data: str | os.PathLike[str], digest: str, folder: Path
) -> Evidence:
    from mnist_pipeline.mnist.data.dataset import read_dataset
    from mnist_pipeline.mnist.model.model_folder import load_model
    from mnist_pipeline.mnist.scoring.score import evaluate

    print(f"scoring the champion, {versions.name} version {champion.version}, on these test data", flush=True)
    model_folder = versions.download_model(int(champion.version), folder)
    model_digest = sha256_of(model_folder)
    if champion.tags.get(MODEL_DIGEST, model_digest) != model_digest:
        raise ModelError(
            f"{versions.name} version {champion.version}: its files are not those that were registered; nothing was "
            "registered; promote another version or compare with no champion (champion=off)."
        )
    model = load_model(model_folder)
    card, predictions, labels = evaluate(model, read_dataset(test_data, "test", model.image_size))
    return Evidence(
        accuracy=card.accuracy,
        correct=tuple((predictions == labels).tolist()),
        digests={"model": model_digest, "test_data": digest},
    )
