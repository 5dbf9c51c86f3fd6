"""The step that registers a model: what the promotion policy decides is carried out and put on record."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from mnist_pipeline.errors import MetricsError, ModelError
from mnist_pipeline.files import output_folder, sha256_of, written_whole
from mnist_pipeline.mnist.data.dataset import data_digest
from mnist_pipeline.mnist.registry.champion_evidence import EVIDENCE_TAG, evidence_of, find_opponent
from mnist_pipeline.mnist.registry.evidence import EVIDENCE_FILES, read_evidence
from mnist_pipeline.mnist.registry.promotion import OFF, Decision, Evidence, Policy, decide
from mnist_pipeline.mnist.registry.versions import ACCURACY, ModelVersions, number_of

REGISTRATION = "registration.json"
SCHEMA_VERSION = 1

_MODEL_ARTIFACT = "model"
_EVIDENCE_ARTIFACT = "evidence"
_COMMIT = "mlflow.source.git.commit"


def register(
    input_model: str | os.PathLike[str],
    input_result: str | os.PathLike[str],
    registration: str | os.PathLike[str] | None,
    model_name: str,
    policy: Policy,
    test_data: str | os.PathLike[str] | None = None,
) -> None:
    """Make the model a version and the champion if the policy accepts it; write and print the decision either way.

    The model's files and the evidence are logged to the step's MLflow run and the version is made from there, so that
    it stays when the folders go. The same model is never made a version twice, and a step that was killed can be run
    again: it goes on where it ended.

    Args:
        input_model: An MLflow model folder.
        input_result: What scoring wrote: a folder with `metrics.json`, `predict_result.csv` and `labels.csv`, or with
            `accuracy.txt` alone, or one of the two files.
        registration: Folder for `registration.json`; None writes none.
        model_name: Name in the registry.
        policy: What is required of the model.
        test_data: What the model was scored on; needed to score a champion again whose evidence is of other data.

    Raises:
        MetricsError: the scoring results are missing, unreadable, inconsistent, changed since, of another model or of
            other test data, or lack what the policy asks for.
        ModelError: `input_model` is not an MLflow model folder, or the champion cannot be scored.
        DataError: `test_data` cannot be read.
        RegistryError: the registry cannot be reached or refuses.
        OutputError: `registration` cannot be written to.
    """
    model = Path(input_model)
    if not (model / "MLmodel").is_file():
        raise ModelError(
            f"{model}: no MLmodel file in it; give the folder that the training step wrote (output_model)."
        )
    if registration is not None:
        output_folder(registration)  # found out before a version is made, not after it
    evidence = read_evidence(input_result)
    model_digest = sha256_of(model)
    _check_digest(evidence, "model", model_digest, f"{input_result}: these are the scoring results of another model")
    if test_data is not None:
        digest = data_digest(test_data)
        _check_digest(
            evidence, "test_data", digest, f"{input_result}: these are the scoring results of other test data"
        )

    versions = ModelVersions(model_name)
    compared = policy.champion != OFF
    opponent = find_opponent(versions, model_digest) if compared else None
    version = champion = None
    while True:
        decision = decide(evidence, policy, evidence_of(opponent, versions, evidence, test_data) if opponent else None)
        print(_table(decision), flush=True)
        if not decision.accepted:
            break
        version = _make_version(versions, model, model_digest, Path(input_result), evidence, decision)
        reason = f"registered: {_sentence(decision)}"
        champion = (
            versions.contend(version, number_of(opponent), reason) if compared else versions.crown(version, reason)
        )
        if champion is not None:
            break
        opponent = find_opponent(versions, model_digest)
        print("the champion has changed meanwhile: decided again", flush=True)
    registered = version if decision.accepted else None
    print(f"registered {model_name} version {version}" if registered else f"not registered: {model_name}", flush=True)
    if registration is not None:
        record = {
            "schema_version": SCHEMA_VERSION,
            "decision": "registered" if registered else "refused",
            "checks": [asdict(check) for check in decision.checks],
            "policy": asdict(policy),
            "champion": {"version": str(number_of(opponent)), **asdict(decision.comparison)}
            if decision.comparison
            else None,
            "model_name": model_name,
            "model_version": str(registered) if registered else None,
            "model_uri": f"models:/{model_name}/{registered}" if registered else None,
            "is_champion": registered is not None and champion == registered,
            "digests": {**evidence.digests, "model": model_digest},
        }
        with written_whole(Path(registration) / REGISTRATION) as (path,):
            path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _check_digest(evidence: Evidence, name: str, digest: str, finding: str) -> None:
    if evidence.digests.get(name, digest) != digest:
        raise MetricsError(f"{finding} than was given; score this model on these data.")


def _make_version(
    versions: ModelVersions, model: Path, model_digest: str, result: Path, evidence: Evidence, decision: Decision
) -> int:
    """Return the number of the model's version, made in the step's run if there is none yet."""
    from mnist_pipeline.mnist.tracking import log_files, step_run

    if (version := versions.find(model_digest)) is None:
        with versions.named_errors(), step_run() as run_id:
            tags = _facts(evidence, decision) | _hyperparameters(model) | _lineage(run_id)
            model_files = [file for file in model.rglob("*") if file.is_file()]
            files = {f"{_MODEL_ARTIFACT}/{file.relative_to(model).as_posix()}": file for file in model_files}
            if evidence.digests:
                folder = result if result.is_dir() else result.parent
                files |= {f"{_EVIDENCE_ARTIFACT}/{name}": folder / name for name in EVIDENCE_FILES}
            logged = log_files(files)
            if evidence.digests:
                tags[EVIDENCE_TAG] = f"{logged}/{_EVIDENCE_ARTIFACT}"
            source = f"{logged}/{_MODEL_ARTIFACT}"
            version = versions.create(source, run_id, model_digest, tags, _table(decision))
    versions.challenge(int(version.version))
    return int(version.version)


def _facts(evidence: Evidence, decision: Decision) -> dict[str, str]:
    facts = {ACCURACY: repr(evidence.accuracy)}
    facts |= {f"sha256.{what}": digest for what, digest in evidence.digests.items()}
    if evidence.loss is not None:
        facts["loss"] = repr(evidence.loss)
    if evidence.correct is not None:
        facts["images"] = str(len(evidence.correct))
    for check in decision.checks:
        outcome = "passed" if check.passed else "refused"
        facts[f"check.{check.name}"] = f"{outcome}: required {check.required!r}, observed {check.observed!r}"
    return facts


def _hyperparameters(model: Path) -> dict[str, str]:
    from mnist_pipeline.mnist.model.model_folder import read_hyperparameters

    return {f"hyperparameter.{name}": str(value) for name, value in read_hyperparameters(model).items()}


def _lineage(run_id: str) -> dict[str, str]:
    """The pipeline's run and, if it is known, the commit of the code that started it."""
    import mlflow

    run = mlflow.get_run(run_id)
    pipeline_run = run.data.tags.get("mlflow.rootRunId") or run.data.tags.get("mlflow.parentRunId")
    tags: Mapping[str, str] = run.data.tags
    if pipeline_run and pipeline_run != run_id:
        tags = {**mlflow.get_run(pipeline_run).data.tags, **tags}
    lineage = {"pipeline_run": pipeline_run or run_id}
    return lineage | ({"git_commit": tags[_COMMIT]} if _COMMIT in tags else {})


def _table(decision: Decision) -> str:
    """The decision as text, a line a check."""
    width = max(len(check.name) for check in decision.checks)
    lines = [f"{'check':<{width}}  {'required':>10}  {'observed':>10}  outcome"]
    for check in decision.checks:
        outcome = "passed" if check.passed else "refused"
        lines.append(f"{check.name:<{width}}  {_figure(check.required):>10}  {_figure(check.observed):>10}  {outcome}")
    if (comparison := decision.comparison) is not None:
        lines.append(
            f"champion: accuracy {comparison.champion_accuracy:.4f}; right on images where the other is wrong: this "
            f"model {comparison.only_challenger}, champion {comparison.only_champion}; exact McNemar p = "
            f"{comparison.p_value:.3g}"
        )
    return "\n".join(lines)


def _sentence(decision: Decision) -> str:
    return ", ".join(
        f"{check.name} {_figure(check.observed)} (required {_figure(check.required)})" for check in decision.checks
    )


def _figure(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.4f}" if value == 0 or value >= 1e-3 else f"{value:.2e}"
