"""What is read of the SDK's objects with its private members: of all that touch a job, this file alone does.

Private members used, and pinned by tests: `_validate` of a job or a component and the `_errors` it returns,
`PipelineInput._data`, a node's `_build_inputs` and `_build_outputs`, a component's `_build_code`, the `_ignore_file`
and `_hash_sha256` of what that returns, `get_upload_files_from_folder` and `get_ignore_file` in
`azure.ai.ml._utils._asset_utils`; of a client `jobs._runs_operations`, `jobs._dataset_dataplane_operations`,
`jobs._model_dataplane_operations._operation`, `_code`, and `download_artifact_from_aml_uri` in
`azure.ai.ml._artifacts._artifact_utilities`. (`components/both_ways.py`, which is sent to jobs without this file, sets
a node's `_component`.)
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
_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:|/subscriptions/")  # a URI, or a resource of Azure
_MODELS = ("mlflowmodel", "custommodel", "tritonmodel")
_FOLDERS = ("urifolder", "mltable", "mlflowmodel", "tritonmodel")


Limits: TypeAlias = tuple[str, float | None, float | None, tuple[str, ...]]


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


@dataclass(frozen=True)
class RunOutput:
    """An output that a job, or the run of a node, has written.

    Attributes:
        asset: The id of the data asset or model that it is.
        type: In lower case without underscores, such as `urifolder`; the service writes UriFolder and uri_folder.
    """

    asset: str
    type: str


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


def declared_values(job: Any) -> Iterator[tuple[str, Any, Limits]]:
    """Yield the plain values of a job, and of pipelines in it, with what the components' inputs declare.

    A value is yielded where a node's input is bound to it, because it can be set on the job after it was made.

    Yields:
        The input's name, the value, and the input's type, lowest, highest and allowed values.
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
    """Return what a node's inputs are set to, those bound to the parent's inputs with the parent's values."""
    values = {}
    for name, bound in inputs_of(node).items():
        path = bound if isinstance(bound, str) else getattr(bound, "path", None)
        binding = PARENT_INPUT.fullmatch(path) if isinstance(path, str) else None
        value = parent_values.get(binding[1]) if binding else bound
        if not (isinstance(value, str) and "${{" in value):  # another node's output, or several bindings in one text
            values[name] = value
    return values


def unbound_inputs(job: Any) -> list[str]:
    """Return the inputs of a job that have no value although a node is bound to them; the SDK sends such bindings."""
    given = {name for name, job_input in job.inputs.items() if value_of(job_input) is not None}
    bound = [getattr(bound, "path", bound) for node in job.jobs.values() for bound in inputs_of(node).values()]
    return sorted({name for path in bound if isinstance(path, str) for name in PARENT_INPUT.findall(path)} - given)


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


def run_outputs(client: Any, run: str) -> dict[str, RunOutput]:
    """Return what a job, or the run of a node, has written, by the outputs' names.

    Not `client.jobs.download`: it compares the service's UriFolder with uri_folder, finds that they differ, and brings
    nothing (Azure/azure-sdk-for-python 48941); and with a model it fails.
    """
    outputs = client.jobs._runs_operations.get_run_data(run).run_metadata.outputs or {}
    return {name: RunOutput(output.asset_id, output.type.replace("_", "").lower()) for name, output in outputs.items()}


def fetch_output(client: Any, output: RunOutput, folder: Path) -> None:
    """Download the files of an output to a folder; a single file keeps its name."""
    from azure.ai.ml._artifacts._artifact_utilities import download_artifact_from_aml_uri

    if output.type in _MODELS:
        # Not its get_batch_model_uris: it makes its request with an argument that does not exist.
        models = client.jobs._model_dataplane_operations._operation.batch_get_resolved_uris(
            client.subscription_id, client.resource_group_name, client.workspace_name, body={"values": [output.asset]}
        )
        uris = [model.path for model in models.values_property.values()]
    else:
        data = client.jobs._dataset_dataplane_operations.get_batch_dataset_uris([output.asset]).values_property
        uris = [one.uri for one in data.values()]
    for uri in uris:
        # Without the slash a prefix: `model` would bring `model_2` as well.
        whole = f"{uri.rstrip('/')}/" if output.type in _FOLDERS else uri
        download_artifact_from_aml_uri(whole, str(folder), client.datastores)


def log_links(client: Any, run: str) -> dict[str, str]:
    """Return the log files of a job, or of the run of a node: from their names to links that are secrets."""
    return dict(client.jobs._runs_operations.get_run_details(run).log_files or {})


def registered_code_hash(client: Any, name: str, version: str) -> str | None:
    """Return the SHA-256 by which the SDK and Azure know the content of uploaded code; None if it has none."""
    properties = client._code.get(name, version).properties or {}
    found: str | None = properties.get("hash_sha256")
    return found


def error_of_run(client: Any, run: str) -> str:
    """Return why a job or a node failed, in Azure's words; empty if Azure does not say."""
    from azure.core.exceptions import AzureError

    try:
        response = client.jobs._runs_operations.get_run_details(run).error
    except AzureError:
        return ""
    message = response and response.error and response.error.message
    return " ".join(str(message or "").split())
