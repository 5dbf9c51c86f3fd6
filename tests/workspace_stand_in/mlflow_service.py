"""Azure's MLflow service: a real MLflow server, reduced to what Azure supports.

    mlflow = stand_in.attach_mlflow(tracking_server)
    run_id = mlflow.start_run("train_node")
    subprocess.run([...], env={**stand_in.job_environment(run_id), "PATH": ...})

As in the cloud, the subprocess finds `azureml://` as its tracking URI, a token and the run's id. Its environment needs
azureml-mlflow. A client outside a job reaches the same server with `MLFLOW_TRACKING_URI=stand_in.mlflow.uri` and the
variables of `stand_in.environment`.

The evidence:
- The hosts, paths, tokens and variables are those that azureml-mlflow uses (`_store/azureml_reststore.py`,
  `_internal/utils.py`, `_common/_authentication/azureml_token_authentication.py`).
- There are no logged models and no endpoints of version 3:
  https://github.com/Azure/azure-sdk-for-python/issues/44896.
- Azure answers 400, with this message, to a search of models with MLflow's own filter on a tag:
  https://github.com/Azure/azure-sdk-for-python/issues/42155.
- Azure's documentation on managing models with MLflow says that one cannot rename or delete a registered model, or
  search by tag. It does not mention aliases. Here all of these get a 404, and the search a 400.
- An artifact's URI contains the workspace, the experiment and the run, as `_store/artifact/utils.py` parses it.

Not confirmed: which endpoints exist besides the documented ones (none here); that the answer for a missing endpoint has
an empty body; that a version is downloaded from the place where it was made; how many versions a page of a search holds
(very few here, so that a client that reads only one page fails).
"""

import contextlib
import http.client
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from . import identity
from .azurite import Azurite
from .identity import ServicePrincipal
from .message import Answer, Request, json_answer
from .run_artifacts import RunArtifacts

_REST = "/api/2.0/mlflow"
_KNOWN = re.compile(
    r"/experiments/(create|get|get-by-name|search)"
    r"|/runs/(create|get|update|search|log-metric|log-parameter|log-batch|set-tag|delete-tag)"
    r"|/metrics/get-history"
    r"|/registered-models/(create|get|search|update|get-latest-versions|set-tag|delete-tag)"
    r"|/model-versions/(create|get|search|update|delete|get-download-uri|transition-stage|set-tag|delete-tag)"
)
_FILTER = re.compile(r"\s*(name|run_id)\s*(=|LIKE)\s*'[^']*'\s*", re.IGNORECASE)
_PAGE = 2
_ONE_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "server", "date"}


@dataclass
class MlflowService:
    """The MLflow part of a workspace.

    Attributes:
        server_url: The address of the real MLflow server.
        host: The region's host.
        workspace_id: The ARM id of the workspace.
        artifacts: The artifacts that runs have logged.
        asked: The requests that went to the server: the method and the path after `/api/2.0/mlflow`.
        refused: The requests that were answered 404 or 400 because Azure does not support them.
    """

    server_url: str
    host: str
    workspace_id: str
    artifacts: RunArtifacts
    principal: ServicePrincipal
    asked: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _runs: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def uri(self) -> str:
        """The workspace's tracking URI, as the workspace itself gives it."""
        return f"azureml://{self.host}/mlflow/v1.0{self.workspace_id}"

    def answer(self, request: Request) -> Answer | None:
        """Answer a request for the region's host about MLflow; None for anything else."""
        history, mlflow = f"/history/v1.0{self.workspace_id}", f"/mlflow/v2.0{self.workspace_id}"
        if request.path.startswith(history):
            match = re.search(r"/runs/([^/]+)/artifacts", request.path)
            if match is None or not self._knows(match[1]):
                return None
            return self.artifacts.answer(request, request.path.removeprefix(history))
        if not request.path.startswith(mlflow):
            return None
        path = request.path.removeprefix(mlflow)
        name = f"{request.method} {path.removeprefix(_REST)}"
        if not path.startswith(_REST) or not _KNOWN.fullmatch(path.removeprefix(_REST)):
            self.refused.append(name)
            return Answer(404)
        if path.endswith("/search") and (refusal := _refused_filter(request, path)):
            self.refused.append(name)
            return refusal
        self.asked.append(name)
        target = request.target.partition(mlflow)[2]
        if path.endswith("/model-versions/search"):
            target = re.sub(r"\bmax_results=\d+", f"max_results={_PAGE}", target)
        return self._forward(request.method, target, request.body, request.headers)

    def start_run(self, name: str, experiment: str = "stand-in", **tags: str) -> str:
        """Start a run, as Azure does before a job's process starts; return its id.

        Args:
            name: The name of the node or job.
            experiment: The experiment's name. It is created if it does not exist.
            tags: The run's tags; MLflow's own begin with `mlflow.`.
        """
        found = self._call("GET", f"/experiments/get-by-name?experiment_name={experiment}")
        made = found.get("experiment") or self._call("POST", "/experiments/create", name=experiment)
        all_tags = [{"key": key, "value": value} for key, value in {"mlflow.runName": name, **tags}.items()]
        run = self._call("POST", "/runs/create", experiment_id=made["experiment_id"], run_name=name, tags=all_tags)
        return str(run["run"]["info"]["run_id"])

    def environment(self, run_id: str) -> dict[str, str]:
        """Return the variables with which a job's process finds its run, which may also be one made on the server."""
        info = self._call("GET", f"/runs/get?run_id={run_id}")["run"]["info"]
        experiment = self._call("GET", f"/experiments/get?experiment_id={info['experiment_id']}")["experiment"]
        token = identity.token("https://ml.azure.com", self.principal)
        parts = self.workspace_id.split("/")
        return {
            "MLFLOW_TRACKING_URI": self.uri,
            "MLFLOW_TRACKING_TOKEN": token,
            "MLFLOW_RUN_ID": run_id,
            "MLFLOW_EXPERIMENT_ID": experiment["experiment_id"],
            "MLFLOW_EXPERIMENT_NAME": experiment["name"],
            "AZUREML_RUN_ID": run_id,
            "AZUREML_RUN_TOKEN": token,
            "AZUREML_EXPERIMENT_ID": experiment["experiment_id"],
            "AZUREML_ARM_PROJECT_NAME": experiment["name"],
            "AZUREML_ARM_SUBSCRIPTION": parts[2],
            "AZUREML_ARM_RESOURCEGROUP": parts[4],
            "AZUREML_ARM_WORKSPACE_NAME": parts[-1],
            "AZUREML_SERVICE_ENDPOINT": f"https://{self.host}",
        }

    def _knows(self, run_id: str) -> bool:
        if run_id not in self._runs:
            found = self._call("GET", f"/runs/get?run_id={run_id}")
            if "run" not in found:
                return False
            self._runs[run_id] = found["run"]
        return True

    def _call(self, method: str, path: str, **content: Any) -> Any:
        """Call the server directly, without Azure's restrictions."""
        headers = {"content-type": "application/json"}
        body = json.dumps(content).encode() if content else b""
        return json.loads(self._forward(method, f"{_REST}{path}", body, headers).body)

    def _forward(self, method: str, target: str, body: bytes, headers: Any) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.server_url).netloc, timeout=60)
        passed = {name: value for name, value in headers.items() if name.lower() in ("content-type", "accept")}
        with contextlib.closing(connection):
            connection.request(method, target, body or None, passed)
            response = connection.getresponse()
            content = response.read()
        answered = {name: value for name, value in response.getheaders() if name.lower() not in _ONE_HOP}
        if response.getheader("Content-Type", "").startswith("application/json"):
            content = json.dumps(self._with_azure_places(json.loads(content))).encode()
        return Answer(response.status, content, answered)

    def _with_azure_places(self, content: Any) -> Any:
        """Replace the server's artifact addresses by Azure's."""
        if isinstance(content, list):
            return [self._with_azure_places(entry) for entry in content]
        if not isinstance(content, dict):
            return content
        content = {key: self._with_azure_places(value) for key, value in content.items()}
        place = f"azureml://{self.host}/mlflow/v2.0{self.workspace_id}/experiments/{content.get('experiment_id')}"
        if {"artifact_uri", "run_id"} <= content.keys():
            content["artifact_uri"] = f"{place}/runs/{content['run_id']}/artifacts"
        if "artifact_location" in content:
            content["artifact_location"] = place
        return content


def _refused_filter(request: Request, path: str) -> Answer | None:
    """Return the refusal of a registry search whose filter Azure does not support; None if it is supported."""
    if path in (f"{_REST}/runs/search", f"{_REST}/experiments/search"):
        return None
    given = request.query.get("filter")
    if not given or _FILTER.fullmatch(given):
        return None
    words = "Currently unsupported filter string format (we currently do not support OR). Provided filter string: "
    error = {"Code": "UserError", "Severity": None, "Message": f"{words}{given}", "Details": []}
    content = {"Error": error, "ComponentName": "mlflow", "statusCode": 400, "error_code": "INVALID_PARAMETER_VALUE"}
    return json_answer(content, 400)


def attach(
    server_url: str, host: str, workspace_id: str, azurite: Azurite, principal: ServicePrincipal
) -> MlflowService:
    """Put Azure's MLflow service in front of a real server, and make a container for the artifacts of runs."""
    container = f"azureml-{workspace_id.rsplit('/', 1)[1]}"
    return MlflowService(server_url, host, workspace_id, RunArtifacts(azurite, container), principal)
