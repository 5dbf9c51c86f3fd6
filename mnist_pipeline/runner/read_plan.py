"""From the SDK's PipelineJob to a plan: the one place in the runner that knows the SDK's objects."""

import inspect
import re
import shutil
import sys
import tempfile
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from azure.ai.ml.constants import AssetTypes
from azure.ai.ml.entities import Command, PipelineJob

from mnist_pipeline.errors import PlanError
from mnist_pipeline.runner.plan import Binding, Literal, LocalData, Node, OutputOf, Plan, Snapshot
from mnist_pipeline.sdk import (
    PARENT_INPUT,
    code_of,
    declared_values,
    inputs_of,
    is_local,
    may_import_sdk,
    outputs_of,
    validation_errors,
    value_of,
)
from mnist_pipeline.settings import TYPES, Range, check_input, read_value

_NODE_OUTPUT = re.compile(r"\$\{\{parent\.jobs\.([^.}]+)\.outputs\.([^}]+)\}\}")
_PARENT_OUTPUT = re.compile(r"\$\{\{parent\.outputs\.([^}]+)\}\}")
_DATA_TYPES = {value for name, value in vars(AssetTypes).items() if name.isupper()}
_SOURCE_FILE = re.compile(r"(?:mldesigner execute --source|python) (\S+\.py)")
_COMPUTE_PATH = re.compile(r"(^|\.)(default_)?compute$")


def read_plan(job: PipelineJob) -> Plan:
    """Reduce a pipeline job to a plan, its own nodes and those of nested pipelines side by side.

    Raises:
        PlanError: the job is not a pipeline job or not valid, or uses what this machine cannot do: data that only
            Azure can read, a node that is not a command, a component that is only known by its name in a workspace.
        SettingError: a value has the wrong type or is out of the range that its input declares.
    """
    if not isinstance(job, PipelineJob):
        raise PlanError(f"{type(job).__name__} is not a pipeline job; call a @pipeline function to make one.")
    # A compute is needed on Azure, not here: the job that is not placed yet can still be tried out.
    errors = [(place, message) for place, message in validation_errors(job) if not _COMPUTE_PATH.search(place)]
    if errors:
        raise PlanError("; ".join(f"{place}: {message}" for place, message in errors) + ".")
    _check_runnable(job.jobs, "")
    for name, value, limits in declared_values(job):
        check_input(name, value, Range(*limits))
    folder = Path(job.base_path or "")
    inputs: dict[str, Binding] = {}
    for name, job_input in job.inputs.items():
        if (value := value_of(job_input)) is not None:
            inputs[name] = _value(value, folder, f"input {name}")
    nodes: dict[str, Node] = {}
    outputs = _read_nodes(job.jobs, inputs, folder, "", nodes)
    name = job.display_name or job.name or "pipeline"
    return Plan(name, job.experiment_name or name, nodes, outputs)


def _check_runnable(jobs: Mapping[str, Any], prefix: str) -> None:
    for name, job in jobs.items():
        if job.type != "pipeline" and not isinstance(job, Command):
            raise PlanError(
                f"node {prefix}{name} is a {job.type} job; this machine runs command nodes and pipelines of them."
            )
        if isinstance(job.component, str):
            raise PlanError(
                f"node {prefix}{name} uses {job.component}, a component that only its workspace has; load it from its "
                "file with load_component(...) to run it here."
            )
        if job.type == "pipeline":
            _check_runnable(job.component.jobs, f"{prefix}{name}.")


def _read_nodes(
    jobs: Mapping[str, Any],
    parent_inputs: Mapping[str, Binding],
    folder: Path,
    prefix: str,
    nodes: dict[str, Node],
) -> dict[str, OutputOf]:
    """Add the nodes of one pipeline to `nodes`; return which of their outputs are the pipeline's.

    Relative paths start at `folder`.
    """
    pipelines = {name: _sub_pipeline_outputs(job) for name, job in jobs.items() if job.type == "pipeline"}

    def resolve(path: str) -> Binding | None:
        if match := PARENT_INPUT.fullmatch(path):
            return parent_inputs.get(match[1])
        if match := _NODE_OUTPUT.fullmatch(path):
            node, port = match.groups()
            if node in pipelines:
                inner = pipelines[node][port]
                return OutputOf(f"{prefix}{node}.{inner.node}", inner.port)
            return OutputOf(prefix + node, port)
        return None

    outputs: dict[str, OutputOf] = {}
    for name, job in jobs.items():
        full_name = prefix + name
        inputs: dict[str, Binding] = {}
        for port, declared in job.component.inputs.items():
            if declared.default is not None:
                what = f"the default of input {port} of node {full_name}"
                inputs[port] = _retyped(Literal(declared.default), declared.type, what)
        for port, bound in inputs_of(job).items():
            what = f"input {port} of node {full_name}"
            path = bound if isinstance(bound, str) else getattr(bound, "path", None)
            if isinstance(path, str) and "${{" in path:
                binding = resolve(path)
                if binding is None:
                    inputs.pop(port, None)
                    if not (PARENT_INPUT.fullmatch(path) and job.component.inputs[port].optional):
                        raise PlanError(f"{what} is bound to {path}, which has no value.")
                    continue
            else:
                binding = _value(bound, folder, what)
            inputs[port] = _retyped(binding, job.component.inputs[port].type, what)
        if job.type == "pipeline":
            inner_folder = Path(job.component.base_path or "")
            inner_outputs = _read_nodes(job.component.jobs, inputs, inner_folder, f"{full_name}.", nodes)
        else:
            nodes[full_name] = _read_node(full_name, job, inputs)
            inner_outputs = {port: OutputOf(full_name, port) for port in nodes[full_name].outputs}
        for port, bound in outputs_of(job).items():
            path = getattr(bound, "path", bound)
            if isinstance(path, str) and (match := _PARENT_OUTPUT.fullmatch(path)):
                outputs[match[1]] = inner_outputs[port]
    return outputs


def _sub_pipeline_outputs(job: Any) -> dict[str, OutputOf]:
    """Return which node inside a nested pipeline writes each of its outputs, by names relative to that pipeline."""
    found: dict[str, OutputOf] = {}
    for name, inner in job.component.jobs.items():
        deeper = _sub_pipeline_outputs(inner) if inner.type == "pipeline" else {}
        for port, bound in outputs_of(inner).items():
            path = getattr(bound, "path", bound)
            if isinstance(path, str) and (match := _PARENT_OUTPUT.fullmatch(path)):
                source = deeper.get(port)
                found[match[1]] = OutputOf(f"{name}.{source.node}", source.port) if source else OutputOf(name, port)
    return found


def _read_node(name: str, node: Command, inputs: dict[str, Binding]) -> Node:
    component: Any = node.component
    missing = [port for port, declared in component.inputs.items() if port not in inputs and not declared.optional]
    if missing:
        raise PlanError(f"node {name} needs a value for {', '.join(missing)}.")
    return Node(
        name=name,
        command=component.command,
        snapshot=_snapshot(name, component),
        inputs=inputs,
        outputs={port: declared.type for port, declared in component.outputs.items()},
        environment_variables={key: str(value) for key, value in (node.environment_variables or {}).items()},
        imports_sdk=may_import_sdk(component),
        function=_function_of(component),
    )


def _snapshot(name: str, component: Any) -> Snapshot | None:
    """List what the SDK would upload for a component, by the SDK's own rules, such as .amlignore."""
    if component.code is None:
        return None
    if not is_local(str(component.code)):
        raise PlanError(f"the code of node {name} is {component.code}, which only Azure can read; give a local folder.")
    with code_of(component) as code:
        assert code is not None  # it exists and is local
        if not component.additional_includes:
            return Snapshot(_where_it_was_written(code.folder, component.command), code.files)
        # The SDK assembles the snapshot in a folder that it deletes at the end of this block.
        folder = Path(shutil.copytree(code.folder, tempfile.mkdtemp(prefix="snapshot-"), dirs_exist_ok=True))
        files = {relative: folder / source.relative_to(code.folder) for relative, source in code.files.items()}
        snapshot = Snapshot(folder, files)
        weakref.finalize(snapshot, shutil.rmtree, folder, ignore_errors=True)
        return snapshot


def _function_of(component: Any) -> Callable[..., object] | None:
    """Return the function that `@command_component` decorates, or None for any other component."""
    if not component.command.startswith("mldesigner execute ") or not (
        source_file := _SOURCE_FILE.match(component.command)
    ):
        return None
    folder = _where_it_was_written(Path(component.base_path or "", component.code).resolve(), component.command)
    source = (folder / source_file[1]).resolve()
    for module in list(sys.modules.values()):
        file = Path(getattr(module, "__file__", None) or "")
        if file.name == source.name and file.resolve() == source:  # by name first: there are thousands
            for member in vars(module).values():
                if getattr(getattr(member, "component", None), "name", None) == component.name:
                    function: Callable[..., object] = inspect.unwrap(member)
                    return function
    return None


def _where_it_was_written(folder: Path, command: str) -> Path:
    """Return the folder that the code in `folder` was copied from, if it is an imported package; otherwise `folder`.

    A debugger has its breakpoints there. The code counts as a copy if the file that the command runs is identical.
    """
    if source_file := _SOURCE_FILE.match(command):
        for name, module in list(sys.modules.items()):
            for package in () if "." in name else getattr(module, "__dict__", {}).get("__path__", ()):
                original, copy = Path(package, source_file[1]), folder / source_file[1]
                if original.is_file() and copy.is_file() and original.read_bytes() == copy.read_bytes():
                    return Path(package)
    return folder


def _value(value: Any, folder: Path, what: str) -> Binding:
    """Turn the value of an input into a binding: an SDK `Input` with a path is data, anything plain is a literal."""
    path = getattr(value, "path", None)
    if path is None:
        if isinstance(value, str | int | float | bool):
            return Literal(value)
        raise PlanError(f"{what} is {value!r}; give a number, a text, or Input(type=..., path=...).")
    text = str(path)
    if not is_local(text):
        raise PlanError(f"{what} is {text}, which only Azure can read; give a file or folder on this machine.")
    local = Path(unquote(urlsplit(text).path)) if text.startswith("file:") else folder / text
    if not local.exists():
        raise PlanError(f"{what} is {local}: no such file or folder; give the path of data on this machine.")
    if value.type in ("uri_folder", "uri_file") and local.is_dir() != (value.type == "uri_folder"):
        kind = "folder" if local.is_dir() else "file"
        raise PlanError(f"{what} is {local}, a {kind}, and its type is {value.type}; change one of them.")
    return LocalData(local.resolve())


def _retyped(binding: Binding, type_: str, what: str) -> Binding:
    """Give a literal the type that its input declares; the SDK keeps some as text and checks none."""
    if not isinstance(binding, Literal):
        return binding
    if type_ in _DATA_TYPES:
        raise PlanError(f"{what} is {binding.value!r} where data is expected; give Input(type={type_!r}, path=...).")
    return Literal(read_value(what, binding.text, Range(type_))) if type_ in TYPES.values() else binding
