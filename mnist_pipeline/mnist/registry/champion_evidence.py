"""The champion that a challenger is compared with, and its evidence on the challenger's test data."""

import os
import tempfile
from pathlib import Path

from mnist_pipeline.errors import MetricsError, ModelError
from mnist_pipeline.files import sha256_of
from mnist_pipeline.mnist.data.kind import Kind, kind_of
from mnist_pipeline.mnist.model.trained_on import TrainedOn
from mnist_pipeline.mnist.registry.champion import find_champion, read_history
from mnist_pipeline.mnist.registry.champion_data import check_kind, find_trained_on
from mnist_pipeline.mnist.registry.client import DATA_DIGEST, MODEL_DIGEST, RegisteredModel, Version
from mnist_pipeline.mnist.registry.evidence import read_evidence
from mnist_pipeline.mnist.registry.promotion import Evidence

EVIDENCE_TAG = "evidence"  # tag of a version: URI of the folder with its evidence


def find_opponent(model: RegisteredModel, model_digest: str) -> Version | None:
    """Return the champion that a challenger must be compared with; None if there is none.

    If the step runs again and its model is the champion already, this is the champion that the model replaced.

    Args:
        model: The registered model.
        model_digest: SHA-256 of the challenger.

    Raises:
        RegistryError: the registry cannot be reached or refuses the request.
    """
    champion = find_champion(model)
    if champion is None or champion.tags.get(MODEL_DIGEST) != model_digest:
        return champion
    history = read_history(model)
    previous = history[0].previous if history else None
    return model.versions().get(previous) if previous is not None else None


def evidence_of(
    champion: Version,
    model: RegisteredModel,
    evidence: Evidence,
    test_data: str | os.PathLike[str] | None,
    image_size: tuple[int, int] | None = None,
) -> Evidence:
    """Return a champion's evidence on the challenger's test data; if it has none, score the champion again.

    Args:
        champion: One of the model's versions.
        model: The registered model.
        evidence: The challenger's evidence.
        test_data: What the challenger was scored on; None if it is not at hand.
        image_size: Height and width of the images that the challenger takes, which a CSV does not tell; None if
            unknown.

    Raises:
        MetricsError: the two cannot be compared: the challenger's evidence is an accuracy alone, the champion's stored
            evidence is unusable, or the champion was scored on other test data and `test_data` is None.
        ModelError: the champion was trained on other images or classes, or cannot be scored.
        DataError: the test data cannot be read.
        RegistryError: the registry cannot be reached or refuses the request.
    """
    name = f"the champion, {model.name} version {champion.number}"
    if not evidence.digests:
        raise MetricsError(
            f"an accuracy alone cannot be compared with {name}; nothing was registered; give the folder with "
            "metrics.json, predict_result.csv and labels.csv, or switch the comparison off (champion=off)."
        )
    data_digest = evidence.digests["test_data"]
    with tempfile.TemporaryDirectory() as folder:
        if EVIDENCE_TAG in champion.tags and champion.tags.get(DATA_DIGEST) == data_digest:
            return _stored_evidence(champion, model, Path(folder))
        if test_data is not None:
            kind = kind_of(test_data, "test", image_size)
            if (trained_on := find_trained_on(champion, model)) is not None:
                check_kind(champion, trained_on, kind)  # before the whole model is downloaded
            return _score_again(champion, model, test_data, data_digest, Path(folder), kind)
    raise MetricsError(
        f"{name}, was scored on other test data; nothing was registered; give the test data (test_data), and the "
        "champion is scored again on them, or switch the comparison off (champion=off)."
    )


def _stored_evidence(champion: Version, model: RegisteredModel, folder: Path) -> Evidence:
    evidence = read_evidence(model.download(champion.tags[EVIDENCE_TAG], folder))
    for what, digest in evidence.digests.items():
        if champion.tags.get(f"sha256.{what}") != digest:
            raise MetricsError(
                f"{model.name} version {champion.number}: its stored evidence belongs to another {what} than its tags "
                "say; nothing was registered; promote another version or switch the comparison off (champion=off)."
            )
    return evidence


def _score_again(
    champion: Version,
    model: RegisteredModel,
    test_data: str | os.PathLike[str],
    data_digest: str,
    folder: Path,
    kind: Kind,
) -> Evidence:
    from mnist_pipeline.mnist.model.model_folder import load_model
    from mnist_pipeline.mnist.scoring.evaluation import evaluate

    print(f"scoring the champion, {model.name} version {champion.number}, on these test data", flush=True)
    model_folder = model.download_version(champion.number, folder)
    model_digest = sha256_of(model_folder)
    if champion.tags.get(MODEL_DIGEST, model_digest) != model_digest:
        raise ModelError(
            f"{model.name} version {champion.number}: its files were changed after registration; nothing was "
            "registered; promote another version or switch the comparison off (champion=off)."
        )
    network = load_model(model_folder)
    check_kind(champion, TrainedOn(network.image_size, network.n_classes, network.class_names), kind)
    evaluation = evaluate(network, test_data)
    correct: list[bool] = []
    for predictions, labels in evaluation.batches:
        correct += (predictions == labels).tolist()
    return Evidence(
        accuracy=evaluation.card.accuracy,
        correct=tuple(correct),
        digests={"model": model_digest, "test_data": data_digest},
    )
