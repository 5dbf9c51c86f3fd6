"""Data for a job, by what a person types: a URI, a registered data asset, or a folder here."""

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
WAYS = "wasbs://, abfss://, azureml:// or https:// and so on, azureml:NAME:VERSION, or a folder on this machine"


def data_path(text: str) -> str:
    """Return the path for the SDK's `Input` of what a person typed.

    Raises:
        WorkspaceError: it is none of the ways to name data, or a link that holds a secret.
    """
    if _SIGNATURE.search(text):
        raise WorkspaceError(
            f"{text.split('?')[0]}: a link with a signature is a secret, and everyone who sees the job would see it; "
            "register the data as an asset and give azureml:NAME:VERSION."
        )
    if _URI.fullmatch(text) or _ASSET.fullmatch(text):
        return text
    if text.startswith("azureml:"):
        raise WorkspaceError(
            f"{text}: the SDK takes data assets as azureml:NAME:VERSION only; "
            "`mnist-pipeline azure list data` shows names and versions."
        )
    folder = Path(text).expanduser()
    if not folder.is_dir():
        raise WorkspaceError(f"{text}: no such folder; give {WAYS}.")
    if not any(file.is_file() for file in folder.rglob("*")):
        raise WorkspaceError(f"{text}: the folder is empty; give {WAYS}.")
    return str(folder.resolve())


def check_data(client: "MLClient", job: Any) -> None:
    """Check that the data assets of a job exist; the SDK leaves that to the job's first node.

    Raises:
        WorkspaceError: a data asset does not exist.
    """
    from azure.core.exceptions import ResourceNotFoundError

    for path in data_of(job).values():
        if not (asset := _ASSET.fullmatch(path)):
            continue
        name, version = asset.groups()
        with explained(f"look for data asset {name}"):
            try:
                client.data.get(name, version)
            except ResourceNotFoundError as error:
                client.workspaces.get(client.workspace_name)  # fails if it is the workspace that is missing
                raise WorkspaceError(
                    f"there is no data asset {name} with version {version} in workspace {client.workspace_name}; "
                    "`mnist-pipeline azure list data` shows what there is."
                ) from error
