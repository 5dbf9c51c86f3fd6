"""The MLflow run that a step logs to."""

import filecmp
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path, PurePosixPath

import mlflow


@contextmanager
def step_run() -> Iterator[str]:
    """Log into the active MLflow run, or into one that lasts as long as the body; yield its id.

    In a job, and under the local runner, `MLFLOW_RUN_ID` and `MLFLOW_TRACKING_URI` name the run and the server.
    In a plain call MLflow's own settings and defaults decide. Only calls that exist on Azure ML's tracking server
    are made inside such a run: metrics, parameters, tags, artifacts; no logged models.
    """
    active = mlflow.active_run()
    if active is not None:
        yield active.info.run_id
        return
    with mlflow.start_run() as run:
        yield run.info.run_id


def log_files(files: Mapping[str, Path]) -> str:
    """Log files to the active run, unless it has them; return the URI of the folder in which their paths begin.

    A step that was killed or preempted runs again in the same run, and Azure ML takes each path of a run once. So what
    the first attempt has logged is compared, and only what is missing is logged. If one of the paths holds something
    else, such as the beginning of a file, all files go to a folder of their own: `attempt-2`, and so on.

    Args:
        files: By the path, below the run's artifacts, that each is to have.
    """
    root = mlflow.get_artifact_uri()
    for attempt in count(1):
        folder = "" if attempt == 1 else f"attempt-{attempt}/"
        logged = _logged(root, {folder + path: file for path, file in files.items()})
        if all(logged.values()):
            break
        print(f"the run already holds other files at {root}/{folder}; these are logged beside them", flush=True)
    with tempfile.TemporaryDirectory() as aside:
        missing = [path for path in files if folder + path not in logged]
        for path in missing:
            (Path(aside) / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(files[path], Path(aside) / path)
        if missing:
            mlflow.log_artifacts(aside, folder.rstrip("/") or None)
    return f"{root}/{folder}".rstrip("/")


def download_artifact(uri: str, folder: str | os.PathLike[str]) -> Path:
    """Bring an artifact here, a file or a folder; return where it is.

    Below `folder` that is the artifact's name or, from Azure ML, its whole path in its run.
    """
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # a log is no screen
    return Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(folder)))


def _logged(root: str, files: Mapping[str, Path]) -> dict[str, bool]:
    """Return the paths that the run has already, each with whether it holds what the file holds."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    repository = get_artifact_repository(root)  # MLflow's own listing asks for logged models too
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
        except MlflowException:  # on Azure ML a path is taken before its content arrives, which may be never
            return False
        return filecmp.cmp(found, file, shallow=False)
