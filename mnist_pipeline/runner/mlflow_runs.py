"""The MLflow runs of a pipeline run: one for the pipeline, and a child run for each node."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_GIT_COMMIT, MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME

from mnist_pipeline.errors import RunError
from mnist_pipeline.runner.mlflow_summary import summarize
from mnist_pipeline.runner.status import Status

if TYPE_CHECKING:
    from pandas import DataFrame

_MLFLOW_STATUS = {Status.COMPLETED: "FINISHED", Status.FAILED: "FAILED", Status.CANCELED: "KILLED"}


def embedded_store(output_dir: Path) -> str:
    """Return the URI of the SQLite store in `output_dir`, beside the runs."""
    return f"sqlite:///{output_dir.resolve() / 'mlflow.db'}"


def absolute(uri: str) -> str:
    """Make a tracking URI absolute, because each node runs in its own folder."""
    if uri.startswith("sqlite:///"):
        return f"sqlite:///{Path(uri.removeprefix('sqlite:///')).resolve()}"
    is_path = not urlsplit(uri).scheme and uri != "databricks"
    return Path(uri).resolve().as_uri() if is_path else uri


class Tracking:
    """Starts and ends the MLflow runs of one pipeline run.

    Raises (when created, and from each method):
        RunError: the store or server cannot be used.
    """

    def __init__(self, uri: str, experiment_name: str, run_name: str, artifacts: Path | None) -> None:
        """Connect, and start the pipeline's run.

        Args:
            uri: The store or server.
            experiment_name: The experiment, created if it does not exist.
            run_name: Name of the pipeline's run.
            artifacts: Folder for a new experiment's artifacts; None leaves it to the server.
        """
        self.uri = uri
        self.experiment_name = experiment_name
        with _as_run_errors(uri):
            self._client = MlflowClient(tracking_uri=uri)
            self._experiment_id = self._find_or_create_experiment(artifacts)
        commit = _git_commit(Path.cwd())
        self.run_id = self._start(run_name, {MLFLOW_GIT_COMMIT: commit} if commit else {})

    def start_node(self, name: str) -> dict[str, str]:
        """Start a node's run; return the environment variables that lead the node to it."""
        run_id = self._start(name, {MLFLOW_PARENT_RUN_ID: self.run_id})
        return {
            "MLFLOW_TRACKING_URI": self.uri,
            "MLFLOW_EXPERIMENT_ID": self._experiment_id,
            "MLFLOW_RUN_ID": run_id,
        }

    def end(self, run_id: str, status: Status) -> None:
        """End a run."""
        with _as_run_errors(self.uri):
            self._client.set_terminated(run_id, _MLFLOW_STATUS[status])

    def finish(self, status: Status, node_runs: Mapping[str, str]) -> None:
        """Gather in the pipeline's run what the nodes logged, and end it.

        Args:
            status: How the pipeline ended.
            node_runs: The MLflow run of each node by the node's name.
        """
        try:
            with _as_run_errors(self.uri):
                summarize(self._client, self.run_id, node_runs)
        finally:
            self.end(self.run_id, status)

    def _start(self, name: str, tags: Mapping[str, str]) -> str:
        with _as_run_errors(self.uri):
            run = self._client.create_run(self._experiment_id, tags={MLFLOW_RUN_NAME: name, **tags}, run_name=name)
        return str(run.info.run_id)

    def _find_or_create_experiment(self, artifacts: Path | None) -> str:
        found = self._client.get_experiment_by_name(self.experiment_name)
        if found is not None:
            return str(found.experiment_id)
        location = artifacts.as_uri() if artifacts is not None else None
        try:
            return str(self._client.create_experiment(self.experiment_name, artifact_location=location))
        except MlflowException as error:
            found = self._client.get_experiment_by_name(self.experiment_name)
            if error.error_code != "RESOURCE_ALREADY_EXISTS" or found is None:
                raise
            return str(found.experiment_id)  # another run created it at the same moment


def read_metrics(uri: str, run_ids: Mapping[str, str]) -> "DataFrame":
    """Return the metrics of nodes as a table; see `PipelineRun.metrics`.

    Args:
        uri: The store or server.
        run_ids: The MLflow run of each node by the node's name.

    Raises:
        RunError: the store or server cannot be read.
    """
    from pandas import DataFrame, to_datetime

    rows = []
    with _as_run_errors(uri):
        client = MlflowClient(tracking_uri=uri)
        for node, run_id in run_ids.items():
            for metric in sorted(client.get_run(run_id).data.metrics):
                history = client.get_metric_history(run_id, metric)
                rows += [
                    (node, metric, logged.step, logged.value, logged.timestamp)
                    for logged in sorted(history, key=lambda logged: (logged.step, logged.timestamp))
                ]
    table = DataFrame(rows, columns=["node", "metric", "step", "value", "time"])
    table["time"] = to_datetime(table["time"].astype("int64"), unit="ms", utc=True)
    return table.astype({"node": "string", "metric": "string", "step": "int64", "value": "float64"})


@contextmanager
def _as_run_errors(uri: str) -> Iterator[None]:
    """Raise exceptions of the body as a RunError that names the store or server."""
    try:
        yield
    except Exception as error:  # MLflow does not wrap those of its database and network libraries
        raise RunError(f"MLflow at {uri} cannot be used: {error}") from error


def _git_commit(folder: Path) -> str | None:
    """Return the commit that is checked out in the git repository of `folder`; None if there is no repository."""
    try:
        asked = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True)
    except OSError:  # git is not installed
        return None
    return asked.stdout.strip() if asked.returncode == 0 else None
