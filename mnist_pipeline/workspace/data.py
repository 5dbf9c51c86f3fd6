"""The data of a job: a URI, a registered data asset, or a folder on this machine."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnist_pipeline.errors import WorkspaceError
from mnist_pipeline.sdk import data_of
from mnist_pipeline.workspace.explanation import explained

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

_URI = re.compile(r"(wasbs|abfss|azureml|https)://.+")
_ASSET = re.compile(r"azureml:([\w.-]+):([\w.-]+)")
_SIGNATURE = re.compile(r"[?&]sig=")
WAYS = "azureml:NAME:VERSION, a URI (wasbs://, abfss://, azureml:// or https://), or a folder with data on this machine"


def data_path(text: str) -> str:
    """Return the `path` of the SDK's `Input` for what a person typed.

    Raises:
        WorkspaceError: the text names no data, or is a link that holds a secret.
    """
    if _SIGNATURE.search(text):
        raise WorkspaceError(
            f"{text.split('?')[0]}: this link has a signature, which is a secret that everyone who sees the job could "
            "read; register the data as an asset and give azureml:NAME:VERSION."
        )
    if _URI.fullmatch(text) or _ASSET.fullmatch(text):
        return text
    if text.startswith("azureml:"):
        raise WorkspaceError(
            f"{text}: a data asset has the form azureml:NAME:VERSION; `mnist-pipeline azure list data` shows names and "
            "versions."
        )
    folder = Path(text).expanduser()
    if not folder.is_dir():
        raise WorkspaceError(f"{text}: no such folder; give {WAYS}.")
    if not any(file.is_file() for file in folder.rglob("*")):
        raise WorkspaceError(f"{text}: the folder is empty; give {WAYS}.")
    return str(folder.resolve())


def check_data(client: "MLClient", job: Any) -> None:
    """Check that the data assets of a job exist. Without this check, the job's first node would fail.

    Raises:
        WorkspaceError: a data asset does not exist.
    """
    from azure.core.exceptions import ResourceNotFoundError

    for path in data_of(job).values():
        if not (asset := _ASSET.fullmatch(path)):
            continue
        name, version = asset.groups()
        with explained(f"look up data asset {name}"):
            try:
                client.data.get(name, version)
            except ResourceNotFoundError as error:
                client.workspaces.get(client.workspace_name)  # fails if the whole workspace is missing
                raise WorkspaceError(
                    f"workspace {client.workspace_name} has no data asset {name} with version {version}; "
                    "`mnist-pipeline azure list data` shows the ones it has."
                ) from error
