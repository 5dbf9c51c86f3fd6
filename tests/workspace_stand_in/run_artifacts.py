"""The artifacts of runs, as in Azure's run history: the list is here, the bytes are in blob storage.

A client creates an empty artifact, gets a signed link to its blob, and writes the blob itself. azureml-mlflow shows the
requests, and what a client reads in the answers: `_client/artifact/run_artifact_client.py` and
`_restclient/run_artifact`. A run accepts each path only once; https://github.com/lightly-ai/lightly-train/issues/256
quotes the refusal of a second one. Not confirmed: what happens to the new paths in a batch in which another path is
taken (here they are created and stay without a blob); what Azure answers if a client asks for the content before there
is a blob (here the link, which leads to a missing blob).
"""

import re
from datetime import UTC, datetime
from typing import Any

from .azurite import Azurite
from .message import Answer, Request, error_answer, json_answer

_ARTIFACTS = re.compile(r"/experiments/[^/]+/runs/([^/]+)/artifacts(/contentinfo|/batch/metadata)?")


class RunArtifacts:
    """The artifacts that each run has logged.

    Attributes:
        by_run: The artifacts of each run, by the run's id and the artifact's path.
    """

    def __init__(self, azurite: Azurite, container: str):
        """Create the container that stores the blobs."""
        self._azurite, self._container = azurite, container
        self.container_uri = azurite.make_container(container)
        self.by_run: dict[str, dict[str, dict[str, Any]]] = {}

    def answer(self, request: Request, path: str) -> Answer | None:
        """Answer a request for the workspace's part of the run history; None if it is not about artifacts."""
        match = _ARTIFACTS.fullmatch(path)
        if match is None:
            return None
        run_id, what = match.groups()
        artifacts = self.by_run.setdefault(run_id, {})
        if request.method == "GET" and what is None:
            return json_answer({"value": list(artifacts.values()), "continuationToken": None, "nextLink": None})
        if request.method == "GET" and what == "/contentinfo":
            return self._content_of(run_id, request.query.get("path", ""))
        if request.method == "POST" and what == "/batch/metadata":
            return self._make_empty(run_id, [entry["path"] for entry in request.json["paths"]])
        return None

    def content(self, run_id: str) -> dict[str, bytes]:
        """Return the bytes of every artifact of a run by its path, without artifacts that have no blob."""
        blobs = self._azurite.blobs(self._container, f"ExperimentRun/dcid.{run_id}")
        return {path: blobs[path] for path in self.by_run.get(run_id, {}) if path in blobs}

    def _make_empty(self, run_id: str, paths: list[str]) -> Answer:
        artifacts = self.by_run[run_id]
        taken = [path for path in paths if path in artifacts]
        made = {path: self._artifact(run_id, path) for path in paths if path not in artifacts}
        artifacts |= made
        return json_answer(
            {
                "artifacts": made,
                "artifactContentInformation": {path: self._link(run_id, path) for path in made},
                "errors": {path: _conflict(run_id, path) for path in taken},
            }
        )

    def _content_of(self, run_id: str, path: str) -> Answer:
        if path not in self.by_run[run_id]:
            return error_answer(404, "UserError", f"Artifact ExperimentRun/dcid.{run_id}/{path} was not found.")
        return json_answer(self._link(run_id, path))

    def _artifact(self, run_id: str, path: str) -> dict[str, Any]:
        return {
            "artifactId": f"ExperimentRun/dcid.{run_id}/{path}",
            **_place(run_id, path),
            "etag": None,
            "createdTime": datetime.now(UTC).isoformat(),
            "dataPath": None,
            "tags": {},
        }

    def _link(self, run_id: str, path: str) -> dict[str, Any]:
        signature = self._azurite.signature(self._container)
        blob = f"{self.container_uri}/ExperimentRun/dcid.{run_id}/{path}"
        return {**_place(run_id, path), "contentUri": f"{blob}?{signature}", "tags": {}}


def _place(run_id: str, path: str) -> dict[str, str]:
    return {"origin": "ExperimentRun", "container": f"dcid.{run_id}", "path": path}


def _conflict(run_id: str, path: str) -> dict[str, Any]:
    message = f"Resource Conflict: ArtifactId ExperimentRun/dcid.{run_id}/{path} already exists."
    return {"error": {"code": "UserError", "message": message}}
