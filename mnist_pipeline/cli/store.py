"""The MLflow store that a command looks into."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mnist_pipeline.errors import RegistryError

_WORKSPACE = "azureml:"  # how the tracking URI of an Azure ML workspace begins
_WORKSPACE_URI = re.compile(  # which the package asks for, letter by letter
    r"azureml://[^/]+/.*/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.MachineLearningServices/workspaces/."
)
_PACKAGE = "azureml-mlflow"  # MLflow's way there


def find_store(output_dir: Path) -> str | None:
    """Return the URI that MLFLOW_TRACKING_URI names, or that of the store in `output_dir`; None where there is none."""
    if named := os.environ.get("MLFLOW_TRACKING_URI"):
        return named
    from mnist_pipeline.runner import embedded_store

    return embedded_store(output_dir) if (output_dir / "mlflow.db").is_file() else None


@contextmanager
def looking_into(store: str) -> Iterator[None]:
    """Let MLflow look into a store from now on; say what is wrong if the body cannot reach a workspace's.

    Raises:
        RegistryError: the store is a workspace's, and the package to reach it is not installed, or the URI is no
            workspace's.
        WorkspaceError: the workspace cannot be reached, or there is no way to sign in.
    """
    if store.startswith(_WORKSPACE):
        _check_package()
        if not _WORKSPACE_URI.match(store):  # the package would end in a traceback
            raise RegistryError(
                "MLFLOW_TRACKING_URI is not the tracking URI of an Azure ML workspace; set it to what `az ml workspace "
                "show --query mlflow_tracking_uri` prints."
            )
    import mlflow

    from mnist_pipeline.workspace.explanation import explained

    mlflow.set_tracking_uri(store)
    with explained("ask the workspace for its models") if store.startswith(_WORKSPACE) else nullcontext():
        yield


def _check_package() -> None:
    try:
        version(_PACKAGE)
    except PackageNotFoundError as error:
        raise RegistryError(
            f"MLFLOW_TRACKING_URI names an Azure ML workspace, but {_PACKAGE} is not installed; install this package "
            "with its extra `azure`."
        ) from error
