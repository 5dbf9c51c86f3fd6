"""Registering a model in the MLflow model registry if it is good enough."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mnist_pipeline.mnist.errors import MetricsError, ModelError, RegistryError
from mnist_pipeline.mnist.files import output_folder, sha256_of, written_whole
from mnist_pipeline.mnist.promotion import Decision, Evidence, decide, read_evidence

REGISTRATION = "registration.json"
SCHEMA_VERSION = 1
MODEL_NAME = "mnist-classifier"  # unless another is given
MIN_ACCURACY = 0.8  # unless another is given

_ARTIFACT = "model"


def register(
    input_model: str | os.PathLike[str],
    input_result: str | os.PathLike[str],
    registration: str | os.PathLike[str] | None,
    model_name: str,
    min_accuracy: float,
) -> None:
    """Register the model if its accuracy reaches `min_accuracy`; write and print the decision either way.

    The model's files are logged to the step's MLflow run and the version is made from there, so that it stays when
    the folder goes.

    Args:
        input_model: An MLflow model folder.
        input_result: What scoring wrote: a folder with `metrics.json` or `accuracy.txt`, or the file.
        registration: Folder for `registration.json`; None writes none.
        model_name: Name in the registry.
        min_accuracy: The least accuracy to register, 0..1.

    Raises:
        MetricsError: the scoring results are missing, unreadable, or of another model.
        ModelError: `input_model` is not an MLflow model folder.
        RegistryError: the registry cannot be reached or refuses.
        SettingError: `min_accuracy` is out of its range.
        OutputError: `registration` cannot be written to.
    """
    model = Path(input_model)
    if not (model / "MLmodel").is_file():
        raise ModelError(
            f"{model}: no MLmodel file in it; give the folder that the training step wrote (output_model)."
        )
    if registration is not None:
        output_folder(registration)  # found out before a version is made, not after it
    evidence = read_evidence(Path(input_result))
    model_digest = sha256_of(model)
    if evidence.digests.get("model", model_digest) != model_digest:
        raise MetricsError(
            f"{input_result}: these are the scoring results of another model than {model}; score this one."
        )
    decision = decide(evidence, min_accuracy)
    for check in decision.checks:
        outcome = "passed" if check.passed else "refused"
        print(f"{check.name}: required {check.required:.4f}, observed {check.observed:.4f}: {outcome}", flush=True)

    version = _create_version(model, model_name, evidence) if decision.accepted else None
    print(f"registered {model_name} version {version}" if version else f"not registered: {model_name}", flush=True)
    if registration is not None:
        with written_whole(Path(registration) / REGISTRATION) as (path,):
            record = _record(decision, model_name, version, {**evidence.digests, "model": model_digest})
            path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _create_version(model: Path, name: str, evidence: Evidence) -> str:
    import mlflow
    from mlflow.exceptions import MlflowException

    from mnist_pipeline.mnist.tracking import step_run

    tags = {"accuracy": repr(evidence.accuracy)} | {
        f"sha256.{what}": digest for what, digest in evidence.digests.items()
    }
    try:
        with step_run() as run_id:
            mlflow.log_artifacts(str(model), _ARTIFACT)
            return str(mlflow.register_model(f"runs:/{run_id}/{_ARTIFACT}", name, tags=tags).version)
    except MlflowException as error:
        raise RegistryError(f"the registry at {mlflow.get_registry_uri()} refused {name!r}: {error.message}") from error


def _record(decision: Decision, name: str, version: str | None, digests: dict[str, str]) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "decision": "registered" if version else "refused",
        "checks": [asdict(check) for check in decision.checks],
        "model_name": name,
        "model_version": version,
        "model_uri": f"models:/{name}/{version}" if version else None,
        "digests": digests,
    }
