"""What is read of the SDK's objects with its private members: of all that touch a job, this file alone does.

Private members used, and pinned by tests: `_validate` of a job or a component and the `_errors` it returns,
`PipelineInput._data`, a node's `_build_inputs` and `_build_outputs`, a component's `_build_code`, the `_ignore_file`
and `_hash_sha256` of what that returns, `get_upload_files_from_folder` and `get_ignore_file` in
`azure.ai.ml._utils._asset_utils`. (`components/both_ways.py`, which is sent to jobs without this file, sets a node's
`_component`.)
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:|/subscriptions/")  # a URI, or a resource of Azure


@dataclass(frozen=True)
class Code:
    """The code that is uploaded for a component.

    Attributes:
        folder: Where the files stand together on this machine.
        sha256: By which the SDK and Azure know its content.
        files: From the name in the snapshot to the file on this machine.
    """

    folder: Path
    sha256: str
    files: dict[str, Path]


def validation_errors(entity: Any) -> list[tuple[str, str]]:
    """Check a job or a component as far as it goes without a workspace; return place and message of what is wrong."""
    return [(error.yaml_path, error.message.rstrip(".")) for error in entity._validate()._errors]


def value_of(job_input: Any) -> Any:
    """Return the value of a job's input: an `Input` for data, a plain value, or None where it has none."""
    return job_input._data


def inputs_of(node: Any) -> dict[str, Any]:
    """Return what a node's inputs are set to or bound to; those that are not set are absent."""
    bound: dict[str, Any] = node._build_inputs()
    return bound


def outputs_of(node: Any) -> dict[str, Any]:
    """Return what a node's outputs are bound to."""
    bound: dict[str, Any] = node._build_outputs()
    return bound


def nodes_of(job: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the full names and the nodes of a job, those of nested pipelines in place of these."""
    for name, node in job.jobs.items():
        if node.type == "pipeline" and not isinstance(node.component, str):
            yield from nodes_of(node.component, f"{prefix}{name}.")
        else:
            yield prefix + name, node


def data_of(job: Any) -> dict[str, str]:
    """Return the paths of a job's data inputs by their names."""
    data = {name: getattr(value_of(job_input), "path", None) for name, job_input in job.inputs.items()}
    return {name: str(path) for name, path in data.items() if path is not None}


def text_of(value: object) -> str:
    """Return a value as Azure writes it: the SDK has texts in some places and enumerations in others."""
    return "" if value is None else str(value.value if isinstance(value, Enum) else value)


def is_local(path: str) -> bool:
    """Tell whether the SDK would upload what is at `path`: a path of this machine, or a `file:` URI."""
    return path.startswith("file:") or _ELSEWHERE.match(path) is None


def may_import_sdk(component: Any) -> bool:
    """Tell whether a component's environment may hold azure-ai-ml: unless its conda file does not list it."""
    conda_file = getattr(component.environment, "conda_file", None)
    return conda_file is None or "azure-ai-ml" in str(conda_file).replace("_", "-")


@contextmanager
def code_of(component: Any) -> Iterator[Code | None]:
    """Yield what the SDK would upload for a component, None for one without code of this machine.

    The files may be gone after the body: the SDK puts some snapshots together in a temporary folder.
    """
    if isinstance(component, str) or getattr(component, "code", None) is None or not is_local(str(component.code)):
        yield None
        return
    with component._build_code() as code:
        path = Path(code.path)
        folder = path.parent if path.is_file() else path
        yield Code(folder, code._hash_sha256, files_below(path, code._ignore_file))


def files_below(path: Path, ignore_file: Any = None) -> dict[str, Path]:
    """Return the files that the SDK would upload of a file or folder, from their names there to those here."""
    from azure.ai.ml._utils._asset_utils import get_ignore_file, get_upload_files_from_folder

    if path.is_file():
        return {path.name: path}
    listed: Any = get_upload_files_from_folder(path, ignore_file=ignore_file or get_ignore_file(path))
    return {str(name): Path(source) for source, name in sorted(listed, key=lambda pair: str(pair[1]))}


def error_of_run(client: Any, run: str) -> str:
    """Return why a job or a node failed, in Azure's words; empty if Azure does not say."""
    from azure.core.exceptions import AzureError

    try:
        response = client.jobs._runs_operations.get_run_details(run).error
    except AzureError:
        return ""
    message = response and response.error and response.error.message
    return " ".join(str(message or "").split())
