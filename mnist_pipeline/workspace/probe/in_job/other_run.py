"""Check that a step can read what an earlier step has logged and registered, and can delete the versions."""

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .report import REPORT, Report, arguments, expect
from .tracking import EVIDENCE, MODEL

if TYPE_CHECKING:
    from mlflow import MlflowClient


def main() -> None:
    """Read the other run's artifacts and version, then delete the versions."""
    import mlflow

    options = arguments("earlier", "model-name")
    report = Report(options.report)
    facts = json.loads(Path(options.earlier, REPORT).read_text(encoding="utf-8"))["facts"]
    client = mlflow.MlflowClient()
    if "artifacts" in facts:
        report.check("other-run-artifacts", lambda: _read_artifacts(facts["artifacts"]))
    if "version" in facts:
        report.check("version-download", lambda: _download(client, options.model_name, facts["version"]))
    if "made" in facts:
        report.check("delete-version", lambda: _delete(client, facts["made"].split()))


def _read_artifacts(artifacts: str) -> str:
    expect(_text(f"{artifacts}/evidence", "evidence.txt"), EVIDENCE, "the other run's artifact")
    return "an artifact of another run was downloaded"


def _download(client: "MlflowClient", name: str, version: str) -> str:
    expect(_text(client.get_model_version_download_uri(name, version), "MLmodel"), MODEL, "the version's file")
    return "the files of a version were downloaded"


def _text(folder_uri: str, file: str) -> str:
    import mlflow

    with tempfile.TemporaryDirectory() as folder:
        here = mlflow.artifacts.download_artifacts(artifact_uri=folder_uri, dst_path=folder)
        return Path(here, file).read_text(encoding="utf-8")


def _delete(client: "MlflowClient", made: list[str]) -> str:
    """Delete all versions. The empty models stay: Azure's documentation says that they cannot be deleted."""
    from mlflow.exceptions import MlflowException

    for one in made:
        name, _, version = one.rpartition(":")
        client.delete_model_version(name, version)
        try:
            client.get_model_version(name, version)
        except MlflowException as error:
            expect(error.error_code, "RESOURCE_DOES_NOT_EXIST", "the registry's answer about a deleted version")
        else:
            raise AssertionError(f"version {version} of {name} still exists")
    return f"{len(made)} versions were deleted"


if __name__ == "__main__":
    main()
