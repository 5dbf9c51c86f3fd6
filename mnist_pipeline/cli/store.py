"""The MLflow store that a command reads."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from mnist_pipeline.errors import RegistryError
from mnist_pipeline.mlflow_store import make_ready, read_timeout

if TYPE_CHECKING:
    from mlflow import MlflowClient

_WORKSPACE = "azureml:"  # the tracking URI of an Azure ML workspace starts with it
_WORKSPACE_URI = re.compile(  # the only form that azureml-mlflow accepts
    r"azureml://[^/]+/.*/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.MachineLearningServices/workspaces/."
)
_PACKAGE = "azureml-mlflow"  # MLflow's plugin for workspaces


def find_store(output_dir: Path) -> str | None:
    """Return the URI of the store: the value of MLFLOW_TRACKING_URI, or else the store in `output_dir`.

    Returns:
        The URI; None if the variable is not set and `output_dir` has no store.
    """
    if named := os.environ.get("MLFLOW_TRACKING_URI"):
        return named
    from mnist_pipeline.runner import embedded_store

    return embedded_store(output_dir) if (output_dir / "mlflow.db").is_file() else None


@contextmanager
def client_of(store: str) -> "Iterator[MlflowClient]":
    """Make the store at a URI ready for use, and yield a client of it.

    Raises:
        RegistryError: the URI starts like a workspace's, but is not one, or the package that reaches a workspace is not
            installed.
        StoreError: the store cannot be used, or the server does not answer.
        WorkspaceError: the body cannot reach the workspace, or cannot sign in.
    """
    if store.startswith(_WORKSPACE):
        _check_package()
        if not _WORKSPACE_URI.match(store):  # azureml-mlflow would raise an AttributeError
            raise RegistryError(
                "MLFLOW_TRACKING_URI is not the tracking URI of an Azure ML workspace; set it to what `az ml workspace "
                "show --query mlflow_tracking_uri` prints."
            )
    make_ready(store, read_timeout(os.environ))
    from mlflow import MlflowClient

    from mnist_pipeline.workspace.explanation import explained

    with explained("ask the workspace for its models") if store.startswith(_WORKSPACE) else nullcontext():
        yield MlflowClient(store)


def _check_package() -> None:
    try:
        version(_PACKAGE)
    except PackageNotFoundError as error:
        raise RegistryError(
            f"MLFLOW_TRACKING_URI names an Azure ML workspace, but {_PACKAGE} is not installed; run `pip install "
            "'mnist-pipeline-azureml[azure]'`."
        ) from error
