"""The MLflow side of a run: one run for the pipeline, a child run for each node."""

from collections.abc import Mapping
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import RunStatus
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME

from mnist_pipeline.errors import RunError
from mnist_pipeline.runner.status import Status

_MLFLOW_STATUS = {
    Status.COMPLETED: RunStatus.to_string(RunStatus.FINISHED),
    Status.FAILED: RunStatus.to_string(RunStatus.FAILED),
    Status.CANCELED: RunStatus.to_string(RunStatus.KILLED),
}


def embedded_store(output_dir: Path) -> str:
    """Return the URI of the SQLite store that stands in `output_dir`, beside the runs."""
    return f"sqlite:///{output_dir.resolve() / 'mlflow.db'}"


class Tracking:
    """Starts and ends the MLflow runs of one pipeline run.

    Raises (on creation):
        RunError: the store or server cannot be reached.
    """

    def __init__(self, uri: str, experiment_name: str, run_name: str, artifacts: Path | None) -> None:
        """Connect, and start the pipeline's run.

        Args:
            uri: Of the store or server.
            experiment_name: The experiment, made if it does not exist.
            run_name: Name of the pipeline's run.
            artifacts: Folder for a new experiment's artifacts; None leaves it to the server.
        """
        self.uri = uri
        self.experiment_name = experiment_name
        try:
            self._client = MlflowClient(tracking_uri=uri)
            self._experiment_id = self._find_or_make_experiment(artifacts)
            self.run_id = self._start(run_name, {})
        except MlflowException as error:
            raise RunError(f"MLflow at {uri} cannot be used: {error.message}") from error

    def start_node(self, name: str) -> dict[str, str]:
        """Start a node's run; return the environment variables by which the node finds it."""
        run_id = self._start(name, {MLFLOW_PARENT_RUN_ID: self.run_id})
        return {
            "MLFLOW_TRACKING_URI": self.uri,
            "MLFLOW_EXPERIMENT_ID": self._experiment_id,
            "MLFLOW_RUN_ID": run_id,
        }

    def end(self, run_id: str, status: Status) -> None:
        """End a run."""
        self._client.set_terminated(run_id, _MLFLOW_STATUS[status])

    def _start(self, name: str, tags: Mapping[str, str]) -> str:
        run = self._client.create_run(self._experiment_id, tags={MLFLOW_RUN_NAME: name, **tags}, run_name=name)
        return str(run.info.run_id)

    def _find_or_make_experiment(self, artifacts: Path | None) -> str:
        found = self._client.get_experiment_by_name(self.experiment_name)
        if found is not None:
            return str(found.experiment_id)
        location = artifacts.as_uri() if artifacts is not None else None
        return str(self._client.create_experiment(self.experiment_name, artifact_location=location))
