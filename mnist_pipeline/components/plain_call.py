"""Where a component logs that is called as a plain function.

This module runs outside of jobs, in which a run is given. No snapshot holds it.
"""

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from mnist_pipeline.errors import RegistryError, SettingError
from mnist_pipeline.mlflow_store import make_ready, read_timeout

TRACKING = "MNIST_PIPELINE_TRACKING"  # environment variable: on or off
_RUN, _URI, _FILE_STORE = "MLFLOW_RUN_ID", "MLFLOW_TRACKING_URI", "MLFLOW_ALLOW_FILE_STORE"
_one_without_tracking = threading.RLock()


@contextmanager
def tracked(*, registers: bool) -> Iterator[None]:
    """Make sure that the body can log to MLflow.

    If an MLflow run is active, the body logs to it. Otherwise it logs to the store or server that `MLFLOW_TRACKING_URI`
    or `mlflow.set_tracking_uri` names; or else to MLflow's default, `mlflow.db` and `mlruns` in the current folder,
    which is said in a line on standard error, once per process. With `MNIST_PIPELINE_TRACKING=off` there is no default:
    what the body logs is thrown away.

    Args:
        registers: Whether the body needs a model registry.

    Raises:
        SettingError: MNIST_PIPELINE_TRACKING is neither on nor off.
        RegistryError: the body needs a registry, and there is none.
        StoreError: the store cannot be used, or the server does not answer.
    """
    choice = os.environ.get(TRACKING) or "on"
    if choice not in ("on", "off"):
        raise SettingError(f"{TRACKING} is {choice!r}; set it to on or off.")
    import mlflow

    if mlflow.active_run() is not None or os.environ.get(_RUN):
        yield
        return
    is_named = mlflow.is_tracking_uri_set()  # type: ignore[no-untyped-call]  # MLflow declares no type
    if choice == "off" and not is_named:
        if registers:
            raise RegistryError(
                f"there is no registry to register a model in: {TRACKING} is off, and no MLflow store is named; set "
                f"{_URI}, or remove {TRACKING}."
            )
        with _without_tracking():
            yield
        return
    timeout = read_timeout(os.environ)
    if not is_named:
        _say_where(Path.cwd())
    make_ready(mlflow.get_tracking_uri(), timeout)
    yield


@cache
def _say_where(folder: Path) -> None:
    print(
        f"Logging to MLflow's default store: mlflow.db and mlruns in {folder}. Set {_URI} to log elsewhere, or "
        f"{TRACKING}=off to log nothing.",
        file=sys.stderr,
        flush=True,
    )


@contextmanager
def _without_tracking() -> Iterator[None]:
    """Let the body log to a run in a temporary folder. Variables of the process are set, so only one thread does it."""
    import mlflow

    with _one_without_tracking, tempfile.TemporaryDirectory(prefix="mnist-pipeline-") as folder:
        # Files, because a database takes seconds to make.
        variables = {_URI: Path(folder, "mlruns").as_uri(), _FILE_STORE: "true"}
        before = {name: os.environ.get(name) for name in variables}
        os.environ.update(variables)
        try:
            with mlflow.start_run(experiment_id="0"):
                yield
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})
