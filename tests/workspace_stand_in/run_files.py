"""What runs have written: logs and outputs, as the run history and the registries of data and models tell of them.

Recorded in Azure/azure-sdk-for-python (sdk/ml/azure-ai-ml/tests/recordings/pipeline_job/e2etests/, in
`test_pipeline_job_child_run_download` and `test_pipeline_job_download`): the outputs in `rundata` with their asset ids
and types, and where the data lie. The type of a model and the form of its asset id are from a run's page in studio;
where a model lies is asked and answered as the client's own classes say. Names of log files are those that the client
looks for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .azurite import Azurite
from .message import Answer, Request, json_answer
from .resources import REGION, WORKSPACE_ID

_ASSETS = f"azureml://locations/{REGION}/workspaces/{WORKSPACE_ID}"
_LOGS = "azureml"  # the container of the workspace's artifact store
_MODELS = ("mlflowmodel", "custommodel", "tritonmodel")


@dataclass(frozen=True)
class _Output:
    asset: str
    type: str
    uri: str


class RunFiles:
    """The logs and outputs of jobs and of their nodes' runs, by the run's id."""

    def __init__(self, azurite: Azurite):
        """Nothing is written yet."""
        self._azurite = azurite
        self._outputs: dict[str, dict[str, _Output]] = {}
        self._logs: dict[str, list[str]] = {}

    def put_output(self, run: str, output: str, uri: str, type_: str) -> None:
        """Let a run have written an output.

        Args:
            run: The run's id.
            output: The output's name.
            uri: Where its files lie.
            type_: As the run history spells it: UriFolder, UriFile, MLFlowModel, ...
        """
        kind, infix = ("models", "mlflow_log_model") if type_.replace("_", "").lower() in _MODELS else ("data", "data")
        asset = f"{_ASSETS}/{kind}/azureml_{run}_output_{infix}_{output}/versions/1"
        self._outputs.setdefault(run, {})[output] = _Output(asset, type_, uri)

    def put_logs(self, run: str, files: Mapping[str, bytes]) -> None:
        """Let a run have written log files."""
        self._azurite.make_container(_LOGS)
        self._azurite.put(_LOGS, f"ExperimentRun/dcid.{run}", files)
        self._logs[run] = sorted({*self._logs.get(run, ()), *files})

    def outputs(self, run: str) -> dict[str, dict[str, str]]:
        """The outputs of a run as `rundata` has them."""
        return {name: {"assetId": one.asset, "type": one.type} for name, one in self._outputs.get(run, {}).items()}

    def log_files(self, run: str) -> dict[str, str]:
        """The log files of a run as its details have them: a link with a signature for each."""
        if run not in self._logs:
            return {}
        container, signature = self._azurite.make_container(_LOGS), self._azurite.signature(_LOGS)
        return {name: f"{container}/ExperimentRun/dcid.{run}/{name}?{signature}" for name in self._logs[run]}

    def answer(self, request: Request) -> Answer | None:
        """Say where assets lie, or None if something else is asked."""
        if request.method != "POST" or not request.path.endswith("/batchGetResolvedUris"):
            return None
        known = {one.asset: one for outputs in self._outputs.values() for one in outputs.values()}
        asked = [known[asset] for asset in request.json["values"] if asset in known]
        if "/modelregistry/v1.0/" in request.path:
            return json_answer({"values": {one.asset: {"path": one.uri, "type": one.type} for one in asked}})
        values: dict[str, dict[str, Any]] = {
            one.asset: {"uri": one.uri, "type": one.type, "legacyDatasetType": None} for one in asked
        }
        return json_answer({"values": values})
