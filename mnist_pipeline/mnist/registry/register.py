"""The step that registers a model: verify the evidence, decide by the policy, record the decision."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mnist_pipeline.errors import MetricsError, ModelError
from mnist_pipeline.files import output_folder, sha256_of
from mnist_pipeline.mnist.data.dataset import data_digest
from mnist_pipeline.mnist.model.trained_on import read_trained_on
from mnist_pipeline.mnist.registry.champion import CHALLENGER, promote, replace_champion
from mnist_pipeline.mnist.registry.champion_evidence import EVIDENCE_TAG, evidence_of, find_opponent
from mnist_pipeline.mnist.registry.client import MODEL_DIGEST, RegisteredModel, Version
from mnist_pipeline.mnist.registry.evidence import EVIDENCE_FILES, read_evidence
from mnist_pipeline.mnist.registry.promotion import OFF, Decision, Evidence, Policy, decide
from mnist_pipeline.mnist.registry.record import Outcome, facts_of, sentence_of, table_of, write_registration

_MODEL_ARTIFACT = "model"
_EVIDENCE_ARTIFACT = "evidence"
_COMMIT = "mlflow.source.git.commit"  # tag of a run


@dataclass(frozen=True)
class _Candidate:
    """A model whose scoring results were verified.

    Attributes:
        folder: The MLflow model folder.
        digest: SHA-256 of the folder.
        result: What scoring wrote: a folder, or a file in it.
        evidence: What was read from there.
        test_data: What the model was scored on; None if it is not at hand.
        image_size: Height and width of the images that the model takes; None if its description does not say.
    """

    folder: Path
    digest: str
    result: Path
    evidence: Evidence
    test_data: Path | None
    image_size: tuple[int, int] | None


def register(
    input_model: str | os.PathLike[str],
    input_result: str | os.PathLike[str],
    registration: str | os.PathLike[str] | None,
    model_name: str,
    policy: Policy,
    test_data: str | os.PathLike[str] | None = None,
) -> None:
    """Register the model and make it the champion if the policy accepts it; write and print the decision either way.

    The model's files and the evidence are logged to the step's MLflow run. The version refers to them there, so it
    works when the folders are gone. The same model never becomes a second version. A step that was killed can run
    again; it goes on where it stopped.

    Args:
        input_model: An MLflow model folder.
        input_result: What scoring wrote: a folder with `metrics.json`, `predict_result.csv` and `labels.csv`, or with
            `accuracy.txt` alone, or one of the files `metrics.json` and `accuracy.txt`.
        registration: Folder for `registration.json`; None writes none.
        model_name: Name in the registry.
        policy: What is required of the model.
        test_data: What the model was scored on. A champion that was scored on other data is scored again on it.

    Raises:
        MetricsError: the scoring results are missing, unreadable or inconsistent, were changed after scoring, belong to
            another model or to other test data, or lack what the policy asks for.
        ModelError: `input_model` is not an MLflow model folder, or the champion was trained on other images or classes
            or cannot be scored.
        DataError: `test_data` cannot be read.
        RegistryError: the registry cannot be reached or refuses the request.
        OutputError: `registration` cannot be written to.
    """
    from mlflow import MlflowClient

    candidate = _verify(Path(input_model), Path(input_result), test_data)
    if registration is not None:
        output_folder(registration)  # a folder that cannot be written to is noticed before a version is created
    model = RegisteredModel(model_name, MlflowClient())
    while (outcome := _decide_and_promote(candidate, policy, model)) is None:
        print("another process changed the champion in the meantime: deciding again", flush=True)
    refused = outcome.version is None
    print(
        f"not registered: {model_name}" if refused else f"registered {model_name} version {outcome.version}", flush=True
    )
    if registration is not None:
        write_registration(
            Path(registration), outcome, model_name, policy, candidate.evidence, model_digest=candidate.digest
        )


def _verify(folder: Path, result: Path, test_data: str | os.PathLike[str] | None) -> _Candidate:
    """Read the evidence, and check that it belongs to this model and to these test data."""
    if not (folder / "MLmodel").is_file():
        raise ModelError(
            f"{folder}: no MLmodel file in it; give the folder that the training step wrote (output_model)."
        )
    evidence = read_evidence(result)
    digest = sha256_of(folder)
    if evidence.digests.get("model", digest) != digest:
        raise MetricsError(f"{result}: these are the scoring results of another model; score this model on these data.")
    if test_data is not None:
        given = data_digest(test_data)
        if evidence.digests.get("test_data", given) != given:
            raise MetricsError(
                f"{result}: these are the scoring results on other test data; score this model on these data."
            )
    trained_on = read_trained_on(folder / "MLmodel")
    return _Candidate(
        folder,
        digest,
        result,
        evidence,
        Path(test_data) if test_data is not None else None,
        trained_on.image_size if trained_on is not None else None,
    )


def _decide_and_promote(candidate: _Candidate, policy: Policy, model: RegisteredModel) -> Outcome | None:
    """Decide on the candidate and, if the policy accepts it, register it and make it the champion.

    Returns:
        What happened; None if the champion is no longer the one that the candidate was compared with, so that the
        decision must be made again.
    """
    compares = policy.champion != OFF
    opponent = find_opponent(model, candidate.digest) if compares else None
    decision = _decide(candidate, policy, opponent, model)
    print(table_of(decision), flush=True)
    if not decision.accepted:
        return Outcome(decision, opponent, version=None, is_champion=False)
    version = _record(candidate, decision, model)
    reason = f"registered: {sentence_of(decision)}"
    if not compares:
        promote(model, version, reason)
        return Outcome(decision, opponent, version, is_champion=True)
    champion = replace_champion(model, version, opponent.number if opponent else None, reason)
    return None if champion is None else Outcome(decision, opponent, version, is_champion=champion == version)


def _decide(candidate: _Candidate, policy: Policy, opponent: Version | None, model: RegisteredModel) -> Decision:
    """Check the candidate against the policy, and compare it with the opponent if there is one."""
    if opponent is None:
        return decide(candidate.evidence, policy)
    champions = evidence_of(opponent, model, candidate.evidence, candidate.test_data, candidate.image_size)
    return decide(candidate.evidence, policy, champions)


def _record(candidate: _Candidate, decision: Decision, model: RegisteredModel) -> int:
    """Make sure that the model has exactly one version, and that this is the challenger; return its number."""
    version = model.find_version(candidate.digest) or _create_version(candidate, decision, model)
    version = model.delete_duplicates(version)  # another process may register the same model at the same moment
    model.set_alias(CHALLENGER, version.number)
    return version.number


def _create_version(candidate: _Candidate, decision: Decision, model: RegisteredModel) -> Version:
    """Log the model's files and the evidence to the step's run, and create a version from there."""
    from mnist_pipeline.mnist.tracking import log_files, step_run

    folder, evidence = candidate.folder, candidate.evidence
    files = {
        f"{_MODEL_ARTIFACT}/{file.relative_to(folder).as_posix()}": file for file in folder.rglob("*") if file.is_file()
    }
    if evidence.digests:
        results = candidate.result if candidate.result.is_dir() else candidate.result.parent
        files |= {f"{_EVIDENCE_ARTIFACT}/{name}": results / name for name in EVIDENCE_FILES}
    with model.named_errors(), step_run() as run_id:
        tags = facts_of(evidence, decision) | _hyperparameters(folder) | _lineage(run_id)
        logged = log_files(files)
        if evidence.digests:
            tags[EVIDENCE_TAG] = f"{logged}/{_EVIDENCE_ARTIFACT}"
        tags[MODEL_DIGEST] = candidate.digest
        return model.create_version(f"{logged}/{_MODEL_ARTIFACT}", run_id, tags, table_of(decision))


def _hyperparameters(folder: Path) -> dict[str, str]:
    from mnist_pipeline.mnist.model.model_folder import read_hyperparameters

    return {f"hyperparameter.{name}": str(value) for name, value in read_hyperparameters(folder).items()}


def _lineage(run_id: str) -> dict[str, str]:
    """Return tags for the pipeline's run and, if it is known, the git commit of the code that started it."""
    import mlflow

    run = mlflow.get_run(run_id)
    pipeline_run = run.data.tags.get("mlflow.rootRunId") or run.data.tags.get("mlflow.parentRunId")
    tags: Mapping[str, str] = run.data.tags
    if pipeline_run and pipeline_run != run_id:
        tags = {**mlflow.get_run(pipeline_run).data.tags, **tags}
    lineage = {"pipeline_run": pipeline_run or run_id}
    return lineage | ({"git_commit": tags[_COMMIT]} if _COMMIT in tags else {})
