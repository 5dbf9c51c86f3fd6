"""Access to the SDK's objects. No other file uses the SDK's private members.

A new release of azure-ai-ml can break this file and no other. `tests/test_sdk.py` checks each of these members:

- of a job or a component `_validate`, and of what it returns `_errors`
- of a pipeline's input `_data`
- of a node `_build_inputs` and `_build_outputs`
- of a component `_build_code`, and of what it yields `_ignore_file` and `_hash_sha256`
- `ComponentIgnoreFile` in `azure.ai.ml.entities._component.code`
- `get_upload_files_from_folder` and `get_ignore_file` in `azure.ai.ml._utils._asset_utils`
- of a client `_code`, and of its `jobs` `_runs_operations`, `_dataset_dataplane_operations` and
  `_model_dataplane_operations`, the last with its `_operation`
- `download_artifact_from_aml_uri` in `azure.ai.ml._artifacts._artifact_utilities`

There is one exception: `components/both_ways.py`, which jobs get without this file, sets the `_component` of a node.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, TypeAlias

PARENT_INPUT = re.compile(r"\$\{\{parent\.inputs\.([^}]+)\}\}")
_PLAIN_TYPES = ("integer", "number", "string", "boolean")
_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:|/subscriptions/")  # a URI, or the id of an Azure resource
_MODELS = ("mlflowmodel", "custommodel", "tritonmodel")
_FOLDERS = ("urifolder", "mltable", "mlflowmodel", "tritonmodel")

Limits: TypeAlias = tuple[str, float | None, float | None, tuple[str, ...]]  # type, minimum, maximum, allowed values


@dataclass(frozen=True)
class Code:
    """The code that the SDK would upload for a component.

    Attributes:
        folder: The folder on this machine that holds all the files.
        sha256: The digest by which the SDK and Azure recognize the same content.
        files: Each file on this machine, by its path inside the snapshot.
    """

    folder: Path
    sha256: str
    files: dict[str, Path]


@dataclass(frozen=True)
class RunOutput:
    """An output that a job, or one of its nodes, has written.

    Attributes:
        asset: The id of its data asset or model.
        type: In lower case without underscores, such as `urifolder`; the service writes both UriFolder and uri_folder.
    """

    asset: str
    type: str


def validation_errors(entity: Any) -> list[tuple[str, str]]:
    """Check a job or a component without a workspace; return the place and the message of each error."""
    return [(error.yaml_path, error.message.rstrip(".")) for error in entity._validate()._errors]


def value_of(job_input: Any) -> Any:
    """Return the value of a job's input: an `Input` for data, a plain value, or None if it has no value."""
    return job_input._data


def inputs_of(node: Any) -> dict[str, Any]:
    """Return what a node's inputs are set to or bound to; unset inputs are absent."""
    bound: dict[str, Any] = node._build_inputs()
    return bound


def outputs_of(node: Any) -> dict[str, Any]:
    """Return what a node's outputs are bound to."""
    bound: dict[str, Any] = node._build_outputs()
    return bound


def declared_values(job: Any) -> Iterator[tuple[str, Any, Limits]]:
    """Yield the plain values of a job and of its nested pipelines, with the limits that the components declare.

    A value comes from the node whose input is bound to it, because a caller can change the job's inputs later.

    Yields:
        The input's name, the value, and the limits of the input.
    """
    yield from _declared_values(job.jobs, {name: value_of(job_input) for name, job_input in job.inputs.items()})


def _declared_values(nodes: Any, parent_values: dict[str, Any]) -> Iterator[tuple[str, Any, Limits]]:
    for node in nodes.values():
        if isinstance(node.component, str):
            continue
        ports = node.component.inputs
        values = {name: port.default for name, port in ports.items()} | _values_of(node, parent_values)
        for name, value in values.items():
            if name in ports and isinstance(value, str | int | float | bool) and ports[name].type in _PLAIN_TYPES:
                port = ports[name]
                yield name, value, (port.type, port.min, port.max, tuple(port.enum or ()))
        if node.type == "pipeline":
            yield from _declared_values(node.component.jobs, values)


def _values_of(node: Any, parent_values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a node's inputs; an input that is bound to the parent has the parent's value."""
    values = {}
    for name, bound in inputs_of(node).items():
        path = bound if isinstance(bound, str) else getattr(bound, "path", None)
        binding = PARENT_INPUT.fullmatch(path) if isinstance(path, str) else None
        value = parent_values.get(binding[1]) if binding else bound
        if not (isinstance(value, str) and "${{" in value):  # another node's output, or a text with several bindings
            values[name] = value
    return values


def unbound_inputs(job: Any) -> list[str]:
    """Return the inputs of a job that a node is bound to but that have no value; the SDK submits such a job."""
    given = {name for name, job_input in job.inputs.items() if value_of(job_input) is not None}
    bound = [getattr(bound, "path", bound) for node in job.jobs.values() for bound in inputs_of(node).values()]
    return sorted({name for path in bound if isinstance(path, str) for name in PARENT_INPUT.findall(path)} - given)


def nodes_of(job: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the full name and the node for each node of a job; a nested pipeline yields its nodes instead of itself."""
    for name, node in job.jobs.items():
        if node.type == "pipeline" and not isinstance(node.component, str):
            yield from nodes_of(node.component, f"{prefix}{name}.")
        else:
            yield prefix + name, node


def data_of(job: Any) -> dict[str, str]:
    """Return the path of each data input of a job by the input's name."""
    data = {name: getattr(value_of(job_input), "path", None) for name, job_input in job.inputs.items()}
    return {name: str(path) for name, path in data.items() if path is not None}


def text_of(value: object) -> str:
    """Return a text or an enumeration of the SDK as the text that Azure writes."""
    return "" if value is None else str(value.value if isinstance(value, Enum) else value)


def is_local(path: str) -> bool:
    """Tell whether the SDK would upload `path`: a path on this machine, or a `file:` URI."""
    return path.startswith("file:") or _ELSEWHERE.match(path) is None


def may_import_sdk(component: Any) -> bool:
    """Tell whether a component's environment may have azure-ai-ml; it has not if there is a conda file without it."""
    conda_file = getattr(component.environment, "conda_file", None)
    return conda_file is None or "azure-ai-ml" in str(conda_file).replace("_", "-")


@contextmanager
def code_of(component: Any) -> Iterator[Code | None]:
    """Yield the code that the SDK would upload for a component; None for a component without code on this machine.

    The files may be gone after the body, because the SDK collects some snapshots in a temporary folder.
    """
    if isinstance(component, str) or getattr(component, "code", None) is None or not is_local(str(component.code)):
        yield None
        return
    with component._build_code() as code:
        path = Path(code.path)
        folder = path.parent if path.is_file() else path
        yield Code(folder, code._hash_sha256, files_below(path, code._ignore_file))


@contextmanager
def code_files_of(component: Any) -> Iterator[tuple[Path, dict[str, Path]]]:
    """Yield the folder and the files of a component's code as `code_of` does, but do not compute the digest.

    The digest would read each file, and there may be gigabytes that the caller leaves out.
    """
    path = Path(component.base_path or "", component.code)
    if component.additional_includes or not path.exists():
        with code_of(component) as code:
            assert code is not None  # the caller asks only for a component with local code
            yield code.folder, code.files
        return
    from azure.ai.ml.entities._component.code import ComponentIgnoreFile

    path = path.resolve()
    yield path.parent if path.is_file() else path, files_below(path, ComponentIgnoreFile(path))


def files_below(path: Path, ignore_file: Any = None) -> dict[str, Path]:
    """Return the files that the SDK would upload for a file or a folder: each file by its path in the upload."""
    from azure.ai.ml._utils._asset_utils import get_ignore_file, get_upload_files_from_folder

    if path.is_file():
        return {path.name: path}
    listed: Any = get_upload_files_from_folder(path, ignore_file=ignore_file or get_ignore_file(path))
    return {str(name): Path(source) for source, name in sorted(listed, key=lambda pair: str(pair[1]))}


def run_outputs(client: Any, run: str) -> dict[str, RunOutput]:
    """Return the outputs that a job, or one of its nodes, has written, by their names.

    `client.jobs.download` is no help: it compares the service's UriFolder with uri_folder, finds them different and
    downloads nothing (Azure/azure-sdk-for-python 48941). For a model it fails.
    """
    outputs = client.jobs._runs_operations.get_run_data(run).run_metadata.outputs or {}
    return {name: RunOutput(output.asset_id, output.type.replace("_", "").lower()) for name, output in outputs.items()}


def fetch_output(client: Any, output: RunOutput, folder: Path) -> None:
    """Download an output to a folder; an output that is a file keeps its name."""
    from azure.ai.ml._artifacts._artifact_utilities import download_artifact_from_aml_uri

    if output.type in _MODELS:
        # The SDK's own get_batch_model_uris passes an argument that does not exist.
        models = client.jobs._model_dataplane_operations._operation.batch_get_resolved_uris(
            client.subscription_id, client.resource_group_name, client.workspace_name, body={"values": [output.asset]}
        )
        uris = [model.path for model in models.values_property.values()]
    else:
        data = client.jobs._dataset_dataplane_operations.get_batch_dataset_uris([output.asset]).values_property
        uris = [one.uri for one in data.values()]
    for uri in uris:
        # Without the slash this is a prefix, and `model` would also download `model_2`.
        whole = f"{uri.rstrip('/')}/" if output.type in _FOLDERS else uri
        download_artifact_from_aml_uri(whole, str(folder), client.datastores)


def log_links(client: Any, run: str) -> dict[str, str]:
    """Return a link for each log file of a job, or of one of its nodes, by its name. The links are secrets."""
    return dict(client.jobs._runs_operations.get_run_details(run).log_files or {})


def registered_code_hash(client: Any, name: str, version: str) -> str | None:
    """Return the digest of uploaded code, to compare with `Code.sha256`; None if Azure has none."""
    properties = client._code.get(name, version).properties or {}
    found: str | None = properties.get("hash_sha256")
    return found


def error_of_run(client: Any, run: str) -> str:
    """Return why a job or a node failed, in Azure's words; empty if Azure gives no reason."""
    from azure.core.exceptions import AzureError

    try:
        response = client.jobs._runs_operations.get_run_details(run).error
    except AzureError:
        return ""
    message = response and response.error and response.error.message
    return " ".join(str(message or "").split())
