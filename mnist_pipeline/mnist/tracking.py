"""The MLflow run of a step, and the files in it."""

import filecmp
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import mlflow

_DIGITS = 12  # of a digest in MLflow's list of datasets, which takes no whole SHA-256


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


def log_params(params: Mapping[str, object]) -> None:
    """Log the parameters that the active run does not have yet.

    A step may run again in the same run, and a parameter of a run cannot be changed. If the run already has another
    value of a parameter, such as a precision that another machine chose, all parameters get names of their own:
    `attempt-2/<name>`, then `attempt-3/<name>`, and so on.

    Args:
        params: The values by name; MLflow keeps their text.
    """
    with step_run() as run_id:
        held = mlflow.get_run(run_id).data.params
        for attempt in count(1):
            prefix = "" if attempt == 1 else f"attempt-{attempt}/"
            logged = {prefix + name: str(value) for name, value in params.items()}
            others = [name for name, value in logged.items() if held.get(name, value) != value]
            if not others:
                break
            print(f"the run already has another value of {', '.join(others)}; trying the next names", flush=True)
        mlflow.log_params({name: value for name, value in logged.items() if name not in held})


def log_data(name: str, source: Path, digest: str, images: int, context: str) -> None:
    """Log to the active run which data the step reads.

    Every server gets the digest as the parameter `<name>_sha256`. Where MLflow keeps datasets, which Azure ML's server
    does not, the run gets the dataset too, with the first digits of the digest, and the whole digest as a tag.

    Args:
        name: What the data are to the step, such as `test_data`.
        source: The file or folder.
        digest: Its SHA-256, 64 hexadecimal digits.
        images: How many images it holds.
        context: What MLflow calls the use of the data: `training` or `testing`.
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag

    log_params({f"{name}_sha256": digest})
    if urlsplit(mlflow.get_tracking_uri()).scheme == "azureml":
        return
    dataset = Dataset(
        name,
        digest[:_DIGITS],
        source_type="local",
        source=json.dumps({"uri": str(source)}),
        profile=json.dumps({"num_rows": images}),
    )
    tags = [InputTag("mlflow.data.context", context), InputTag("sha256", digest)]
    with step_run() as run_id:
        mlflow.MlflowClient().log_inputs(run_id, [DatasetInput(dataset, tags)])


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
