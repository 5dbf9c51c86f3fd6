"""The MLflow run of a step, and the files in it."""

import filecmp
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any

import mlflow

from mnist_pipeline.errors import RunError


@contextmanager
def step_run() -> Iterator[str]:
    """Make sure that an MLflow run is active in the body; yield its id.

    If no run is active, a run starts and ends with the body. In a job, and under the local runner, `MLFLOW_RUN_ID` and
    `MLFLOW_TRACKING_URI` name the run and the server. In a plain call MLflow's own settings and defaults decide.
    Steps log only what Azure ML's tracking server can store: metrics, parameters, tags and artifacts, but no logged
    models.
    """
    active = mlflow.active_run()
    if active is not None:
        yield active.info.run_id
        return
    with mlflow.start_run() as run:
        yield run.info.run_id


def log_params(params: Mapping[str, Any]) -> None:
    """Log parameters to the active run.

    Raises:
        RunError: the run already has another value of one of them.
    """
    from mlflow.exceptions import MlflowException

    try:
        mlflow.log_params(dict(params))
    except MlflowException as error:
        run = mlflow.active_run()
        logged = {} if run is None else mlflow.MlflowClient().get_run(run.info.run_id).data.params
        for name, value in params.items():
            if name in logged and logged[name] != str(value):
                raise RunError(
                    f"the active MLflow run already has the parameter {name}={logged[name]}, and MLflow does not "
                    f"change it to {value}; end the run, or start one inside it with mlflow.start_run(nested=True)."
                ) from error
        raise


def log_files(files: Mapping[str, Path]) -> str:
    """Log the files that the active run does not have yet; return the URI of the folder that holds them all.

    A step that was killed or preempted runs again in the same run, and Azure ML accepts each path of a run only once.
    So files that an earlier attempt logged are compared, and only missing ones are logged. If the run already has
    another content at one of the paths, such as half a file, all files go to a folder of their own: `attempt-2`, then
    `attempt-3`, and so on.

    Args:
        files: The files, each by its path below that folder.
    """
    root = mlflow.get_artifact_uri()
    for attempt in count(1):
        folder = "" if attempt == 1 else f"attempt-{attempt}/"
        logged = _logged(root, {folder + path: file for path, file in files.items()})
        if all(logged.values()):
            break
        print(f"the run already holds other files at {root}/{folder}; trying the next folder", flush=True)
    with tempfile.TemporaryDirectory() as aside:
        missing = [path for path in files if folder + path not in logged]
        for path in missing:
            (Path(aside) / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(files[path], Path(aside) / path)
        if missing:
            mlflow.log_artifacts(aside, folder.rstrip("/") or None)
    return f"{root}/{folder}".rstrip("/")


def download_artifact(uri: str, folder: str | os.PathLike[str], tracking_uri: str | None = None) -> Path:
    """Download an artifact, a file or a folder; return its path.

    Below `folder`, the path is the artifact's name or, from Azure ML, the artifact's whole path in its run.

    Args:
        uri: The artifact.
        folder: Where to download to.
        tracking_uri: The MLflow server or store that knows the artifact; MLflow's present one when None.
    """
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # bars fill a log with noise
    return Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(folder), tracking_uri=tracking_uri))


def _logged(root: str, files: Mapping[str, Path]) -> dict[str, bool]:
    """Return the paths that the run already has, each with whether its content is that of the file."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    repository = get_artifact_repository(root)  # mlflow.artifacts.list_artifacts asks for logged models too
    folders = {PurePosixPath(path).parent.as_posix() for path in files}
    listed = {
        found.path for folder in folders for found in repository.list_artifacts(None if folder == "." else folder)
    }
    return {path: _holds(f"{root}/{path}", file) for path, file in files.items() if path in listed}


def _holds(uri: str, file: Path) -> bool:
    from mlflow.exceptions import MlflowException

    with tempfile.TemporaryDirectory() as folder:
        try:
            found = download_artifact(uri, folder)
        except MlflowException:  # on Azure ML a path exists before its content arrives, if it ever does
            return False
        return filecmp.cmp(found, file, shallow=False)
