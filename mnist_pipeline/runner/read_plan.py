"""Makes a plan of the SDK's PipelineJob. No other file of the runner knows the SDK's objects."""

import inspect
import re
import shutil
import sys
import tempfile
import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from azure.ai.ml.constants import AssetTypes
from azure.ai.ml.entities import Command, PipelineJob

from mnist_pipeline.errors import PlanError
from mnist_pipeline.run_marker import files_of_runs
from mnist_pipeline.runner.plan import Binding, LocalData, Node, OutputOf, Plan, Snapshot, Value
from mnist_pipeline.sdk import (
    PARENT_INPUT,
    code_files_of,
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
    """Reduce a pipeline job to a plan, with the nodes of nested pipelines beside its own.

    Raises:
        PlanError: the job is not a pipeline job or not valid, or it needs what this machine does not have: data that
            only Azure can read, a node that is not a command, or a component that only its workspace has.
        SettingError: a value has the wrong type or is out of the range that its input declares.
    """
    if not isinstance(job, PipelineJob):
        raise PlanError(f"{type(job).__name__} is not a pipeline job; call a @pipeline function to make one.")
    # Only Azure needs a compute: you can try out a job before you place it on one.
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
            inputs[name] = _binding(value, folder, f"input {name}")
    nodes, outputs = _read_pipeline(job.jobs, inputs, folder, "")
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


def _read_pipeline(
    jobs: Mapping[str, Any], pipeline_inputs: Mapping[str, Binding], folder: Path, prefix: str
) -> tuple[dict[str, Node], dict[str, OutputOf]]:
    """Return the nodes of a pipeline, with those of nested pipelines, and the node output behind each of its outputs.

    Args:
        jobs: The SDK's nodes by their names in this pipeline.
        pipeline_inputs: What the pipeline's own inputs are bound to.
        folder: Where relative paths start.
        prefix: What comes before these names in the plan.
    """
    nodes: dict[str, Node] = {}
    outputs: dict[str, OutputOf] = {}
    sources: dict[Binding, OutputOf] = {}  # the node output behind each output of a nested pipeline
    for name, job in jobs.items():
        full_name = prefix + name
        inputs = _read_inputs(job, pipeline_inputs, folder, prefix, full_name)
        if job.type == "pipeline":
            inner_folder = Path(job.component.base_path or "")
            inner_nodes, job_outputs = _read_pipeline(job.component.jobs, inputs, inner_folder, f"{full_name}.")
            nodes |= inner_nodes
            sources |= {OutputOf(full_name, port): output for port, output in job_outputs.items()}
        else:
            nodes[full_name] = _read_node(full_name, job, inputs)
            job_outputs = {port: OutputOf(full_name, port) for port in nodes[full_name].outputs}
        for port, bound in outputs_of(job).items():
            path = getattr(bound, "path", bound)
            if isinstance(path, str) and (match := _PARENT_OUTPUT.fullmatch(path)):
                outputs[match[1]] = job_outputs[port]
    # At the end, because a node may come before the nested pipeline that it reads from.
    for name, node in nodes.items():
        inputs = {port: sources.get(binding, binding) for port, binding in node.inputs.items()}
        nodes[name] = replace(node, inputs=inputs)
    return nodes, outputs


def _read_inputs(
    job: Any, pipeline_inputs: Mapping[str, Binding], folder: Path, prefix: str, full_name: str
) -> dict[str, Binding]:
    """Return what the inputs of a node, or of a nested pipeline, are bound to; those without a value are absent."""
    inputs: dict[str, Binding] = {}
    for port, declared in job.component.inputs.items():
        if declared.default is not None:
            what = f"the default of input {port} of node {full_name}"
            inputs[port] = _typed(Value(declared.default), declared.type, what)
    for port, bound in inputs_of(job).items():
        what = f"input {port} of node {full_name}"
        declared = job.component.inputs[port]
        path = bound if isinstance(bound, str) else getattr(bound, "path", None)
        if not (isinstance(path, str) and "${{" in path):
            inputs[port] = _typed(_binding(bound, folder, what), declared.type, what)
        elif (match := PARENT_INPUT.fullmatch(path)) and match[1] in pipeline_inputs:
            inputs[port] = _typed(pipeline_inputs[match[1]], declared.type, what)
        elif match and declared.optional:
            inputs.pop(port, None)
        elif match := _NODE_OUTPUT.fullmatch(path):
            inputs[port] = OutputOf(prefix + match[1], match[2])
        else:
            raise PlanError(f"{what} is bound to {path}, which has no value.")
    return inputs


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
    """List the files that the SDK would upload for a component, by the SDK's own rules, such as .amlignore.

    The files of earlier runs are left out: they would be copied into each new run, with all runs before them.
    """
    if component.code is None:
        return None
    if not is_local(str(component.code)):
        raise PlanError(f"the code of node {name} is {component.code}, which only Azure can read; give a local folder.")
    with code_files_of(component) as (folder, listed):
        left_out = files_of_runs(folder, listed)
        files = {relative: source for relative, source in listed.items() if relative not in left_out}
        if not component.additional_includes:
            return Snapshot(_where_it_was_written(folder, component.command), files)
        # The SDK collects these files in a folder that it removes when the body ends.
        kept = Path(tempfile.mkdtemp(prefix="snapshot-"))
        for relative, source in files.items():
            (kept / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, kept / relative)
        snapshot = Snapshot(kept, {relative: kept / relative for relative in files})
        weakref.finalize(snapshot, shutil.rmtree, kept, ignore_errors=True)
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


def _binding(value: Any, folder: Path, what: str) -> Binding:
    """Turn the value of an input into a binding: an SDK `Input` with a path is data, a plain value is a `Value`."""
    path = getattr(value, "path", None)
    if path is None:
        if isinstance(value, str | int | float | bool):
            return Value(value)
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


def _typed(binding: Binding, type_: str, what: str) -> Binding:
    """Convert a value to the type that its input declares: the SDK keeps some values as text and checks none."""
    if not isinstance(binding, Value):
        return binding
    if type_ in _DATA_TYPES:
        raise PlanError(f"{what} is {binding.value!r} where data is expected; give Input(type={type_!r}, path=...).")
    return Value(read_value(what, binding.text, Range(type_))) if type_ in TYPES.values() else binding
