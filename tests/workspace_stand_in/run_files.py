"""What runs have written besides the data of their outputs: logs, and models, which another service knows.

What the service answers about models and logs is in no recording; it is taken from the client's own classes and tests,
from Azure/azure-sdk-for-python 48941, and, for the type of a model and the form of its id, from the page of a run in
studio. Log files lie where the recorded `default` output is: ExperimentRun/dcid.RUN of the artifact store.
"""

from collections.abc import Mapping

from .azurite import Azurite
from .message import REGION, Answer, Request, json_answer
from .resources import WORKSPACE_ID

ASSETS = f"azureml://locations/{REGION}/workspaces/{WORKSPACE_ID}"


class RunFiles:
    """The logs and the models of jobs and of their nodes' runs, by the run's id."""

    def __init__(self, azurite: Azurite, container: str):
        """Nothing is written yet; logs will be in the container of the artifact store."""
        self._azurite, self._container = azurite, container
        self._types: dict[tuple[str, str], str] = {}
        self._models: dict[str, str] = {}
        self._logs: dict[str, list[str]] = {}

    def put_output(self, run: str, output: str, uri: str, type_: str) -> None:
        """Take note of what an output is.

        Args:
            run: The run's id.
            output: The output's name.
            uri: Where its files lie.
            type_: As the run history spells it: UriFolder, UriFile, MLFlowModel, ...
        """
        self._types[run, output] = type_
        if "model" in type_.lower():
            self._models[_model(run, output)] = uri

    def put_logs(self, run: str, files: Mapping[str, bytes]) -> None:
        """Let a run have written log files."""
        self._azurite.put(self._container, f"ExperimentRun/dcid.{run}", files)
        self._logs[run] = sorted({*self._logs.get(run, ()), *files})

    def typed(self, run: str, outputs: Mapping[str, Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
        """The outputs of a run, those that are no folders with what they are."""
        typed = dict(outputs)
        for name, output in outputs.items():
            type_ = self._types.get((run, name), output["type"])
            model = _model(run, name)
            typed[name] = {"assetId": model if model in self._models else output["assetId"], "type": type_}
        return typed

    def log_files(self, run: str) -> dict[str, str]:
        """The log files of a run as its details have them: a link with a signature for each."""
        if run not in self._logs:
            return {}
        container, signature = self._azurite.make_container(self._container), self._azurite.signature(self._container)
        return {name: f"{container}/ExperimentRun/dcid.{run}/{name}?{signature}" for name in self._logs[run]}

    def answer(self, request: Request) -> Answer | None:
        """Say where models lie, or None if something else is asked."""
        if request.method != "POST" or not request.path.endswith("/models/batchGetResolvedUris"):
            return None
        found = {asset: self._models[asset] for asset in request.json["values"] if asset in self._models}
        return json_answer({"values": {asset: {"path": uri, "type": "MLFlowModel"} for asset, uri in found.items()}})


def _model(run: str, output: str) -> str:
    return f"{ASSETS}/models/azureml_{run}_output_mlflow_log_model_{output}/versions/1"
