"""The logs of runs, and the types of their outputs if a test sets them.

No recording shows the service's answers about logs; they follow the client's own classes and tests. Log files are in
the folder of the recorded `default` output: ExperimentRun/dcid.RUN of the artifact store.
"""

from collections.abc import Mapping

from .azurite import Azurite


class RunFiles:
    """The logs of jobs and of their nodes' runs, by the run's id."""

    def __init__(self, azurite: Azurite, container: str):
        """Start without files. Logs will be in the container of the artifact store."""
        self._azurite, self._container = azurite, container
        self._types: dict[tuple[str, str], str] = {}
        self._logs: dict[str, list[str]] = {}

    def set_type(self, run: str, output: str, type_: str) -> None:
        """Set the type of an output in the run history's spelling: UriFile, MLFlowModel, uri_folder, ..."""
        self._types[run, output] = type_

    def typed(self, run: str, outputs: Mapping[str, Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
        """Return the outputs of a run with the types that were set; a model's asset id is that of a model."""
        typed = dict(outputs)
        for name, output in outputs.items():
            if type_ := self._types.get((run, name)):
                is_model = "model" in type_.lower()
                asset = output["assetId"].replace("/data/", "/models/").replace("_output_data_", "_output_")
                typed[name] = {"assetId": asset if is_model else output["assetId"], "type": type_}
        return typed

    def put_logs(self, run: str, files: Mapping[str, bytes]) -> None:
        """Write log files of a run."""
        self._azurite.put(self._container, f"ExperimentRun/dcid.{run}", files)
        self._logs[run] = sorted({*self._logs.get(run, ()), *files})

    def log_files(self, run: str) -> dict[str, str]:
        """Return the log files of a run as in its details: a link with a signature for each."""
        if run not in self._logs:
            return {}
        container, signature = self._azurite.make_container(self._container), self._azurite.signature(self._container)
        return {name: f"{container}/ExperimentRun/dcid.{run}/{name}?{signature}" for name in self._logs[run]}
