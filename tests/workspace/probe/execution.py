"""Runs submitted jobs on this machine: each node's uploaded snapshot, in the environment that it declares."""

import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from job_environment import variables_for
from mlflow import MlflowClient
from submitted_plan import plan_of
from workspace_stand_in import StandIn, SubmittedJob

from mnist_pipeline.runner.node_call import NodeCall, NodeFailed
from mnist_pipeline.runner.plan import LocalData, Node, OutputOf, Plan
from mnist_pipeline.runner.subprocess_node import run_in_subprocess

# The message begins like the one in azure-sdk-for-python 41536.
IMAGE_BUILD_FAILED = "Image build failed. For more details, check the build log."
_UNBUILT = {
    "environment-small": "mnist-pipeline-prep",
    "environment-tracking": "mnist-pipeline-keras",
    "environment-gpu": "mnist-pipeline-keras-gpu",
}
_NO_RENAME = """import os
def refuse(*_, **__):
    raise PermissionError(1, "Operation not permitted")
os.rename = os.replace = refuse
"""


@dataclass(frozen=True)
class NodeRun:
    """The result of a node: its status, its error, the folder of each output, and whether it was reused."""

    status: str
    error: str = ""
    outputs: Mapping[str, Path] = field(default_factory=dict)
    reused: bool = False


Nodes = Mapping[str, NodeRun]


@dataclass
class Execution:
    """Runs the jobs of a stand-in.

    Attributes:
        stand_in: The stand-in, with MLflow attached.
        environments: Returns the `bin` folder of an environment with the packages of a conda file.
        folder: The folder for everything that nodes read and write.
        lacks: The capability to take away, named like its check; empty for none.
        done: The nodes of earlier jobs by their job's display name. Such a job does not run again.
        ran: The results of the nodes of each job, by the job's display name.
    """

    stand_in: StandIn
    environments: Callable[[dict], Path]
    folder: Path
    lacks: str = ""
    done: Mapping[str, Nodes] = field(default_factory=dict)
    ran: dict[str, Nodes] = field(default_factory=dict)
    _outputs: dict[tuple[str, ...], Mapping[str, Path]] = field(default_factory=dict)

    def carry_out(self, name: str) -> None:
        """Run a job's nodes in order, and set their states and the job's state in the stand-in."""
        jobs = self.stand_in.jobs
        job = self.stand_in.submitted_job(name)
        kind = job.properties["displayName"]
        jobs.set_status(name, "Running")
        nodes = self.ran[kind] = self.done[kind] if kind in self.done else self._run_nodes(job)
        if self.lacks != "output-download":
            self._put_outputs(job, nodes)
        for child in jobs.children[name]:
            node = nodes[child["displayName"]]
            child["status"] = node.status
            child["properties"]["azureml.isreused"] = str(node.reused).lower()
            if node.error:
                child["error"] = {"error": {"code": "UserError", "message": node.error}}
            if self.lacks == "node-names":
                child["displayName"] = job.nodes[child["displayName"]].component["name"]
        self._show_models()
        completed = all(node.status == "Completed" for node in nodes.values())
        states = {child["displayName"]: child["status"] for child in jobs.children[name]}
        jobs.set_status(name, "Completed" if completed else "Failed", **states)

    def _run_nodes(self, job: SubmittedJob) -> Nodes:
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        plan = plan_of(job, folder / "received")
        pipeline_run = self.stand_in.mlflow.start_run(job.name, job.properties["experimentName"])
        runs: dict[str, NodeRun] = {}
        for name in plan.sorter().static_order():
            node = plan.nodes[name]
            if any(runs[upstream].status != "Completed" for upstream in node.upstream):
                runs[name] = NodeRun("Canceled")
            elif (earlier := self._earlier(job, node)) is not None:
                runs[name] = NodeRun("Completed", outputs=earlier, reused=True)
            else:
                runs[name] = self._run(job, plan, name, folder / name, runs, pipeline_run)
        return runs

    def _earlier(self, job: SubmittedJob, node: Node) -> Mapping[str, Path] | None:
        """Return the outputs of an earlier run of the same component on the same data, if the job may reuse them."""
        forced = job.properties["settings"].get("force_rerun")
        return None if forced or self.lacks == "reuse" else self._outputs.get(_identity(job, node))

    def _run(self, job: SubmittedJob, plan: Plan, name: str, folder: Path, runs: Nodes, pipeline_run: str) -> NodeRun:
        node = plan.nodes[name]
        outputs = {port: folder / "outputs" / port for port in node.outputs}
        log = folder / "log.txt"
        try:
            self._make_folders(node, outputs)
            run_in_subprocess(
                NodeCall(
                    node=self._as_sent(node),
                    inputs={port: self._input(bound, runs, folder) for port, bound in node.inputs.items()},
                    outputs=outputs,
                    code=folder / "code",
                    environment=self._variables(job, name, folder, pipeline_run),
                    cancel=threading.Event(),
                    print_line=lambda line: _append(log, line),
                )
            )
        except NodeFailed as error:
            return NodeRun("Failed", f"Execution failed. User process 'bash': {error}.")
        except _ImageNotBuilt:
            return NodeRun("Failed", IMAGE_BUILD_FAILED)
        self._outputs[_identity(job, node)] = outputs
        return NodeRun("Completed", outputs=outputs)

    def _variables(self, job: SubmittedJob, name: str, folder: Path, pipeline_run: str) -> dict[str, str]:
        conda_file = job.nodes[name].conda_file
        if _UNBUILT.get(self.lacks) == conda_file["name"]:
            raise _ImageNotBuilt
        commands = self.environments(conda_file)
        if self.lacks == "mldesigner-execute":
            commands = _only_python(commands, folder / "bin")
        tags = {"mlflow.parentRunId": pipeline_run}
        run_id = self.stand_in.mlflow.start_run(name, job.properties["experimentName"], **tags)
        variables = {**variables_for(commands), **self.stand_in.job_environment(run_id)}
        not_in_a_job = {*self.stand_in.environment, "PYTHONPATH"} - variables.keys()
        variables["BASH_ENV"] = str(_forget(not_in_a_job, folder))
        if self.lacks == "run-id":
            del variables["MLFLOW_RUN_ID"]
        if self.lacks == "output-rename":
            (folder / "site").mkdir()
            (folder / "site/sitecustomize.py").write_text(_NO_RENAME)
            with (folder / "forget.sh").open("a") as file:
                file.write(f'export PYTHONPATH="{folder / "site"}"\n')
        return variables

    def _as_sent(self, node: Node) -> Node:
        if self.lacks != "import-trick":
            return node
        files = {path: file for path, file in node.snapshot.files.items() if path != "components/mnist_pipeline.py"}
        return replace(node, snapshot=replace(node.snapshot, files=files))

    def _input(self, bound, runs: Nodes, folder: Path):
        if isinstance(bound, OutputOf) and bound.port == "model" and self.lacks == "model-as-folder":
            (folder / "nothing").mkdir()
            return folder / "nothing"
        if isinstance(bound, OutputOf):
            return runs[bound.node].outputs[bound.port]
        return bound.path if isinstance(bound, LocalData) else bound

    def _make_folders(self, node: Node, outputs: Mapping[str, Path]) -> None:
        """Make the folders of uri_folder outputs, but none for models: it is unknown whether Azure makes those."""
        for port, path in outputs.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            if node.outputs[port] == "uri_folder":
                path.mkdir()
            elif self.lacks == "model-output-folder":
                path.touch()

    def _put_outputs(self, job: SubmittedJob, nodes: Nodes) -> None:
        for output in job.properties.get("outputs") or {}:
            for name, node in nodes.items():
                for port, bound in (job.nodes[name].node.get("outputs") or {}).items():
                    if output == "model" and self.lacks == "model-output-download":
                        continue
                    if bound["value"] == f"${{{{parent.outputs.{output}}}}}" and port in node.outputs:
                        self.stand_in.put_output(job.name, output, _content(node.outputs[port]))

    def _show_models(self) -> None:
        """Add MLflow's models to the workspace's own list of models; on Azure the two are one list."""
        for version in MlflowClient(self.stand_in.mlflow.server_url).search_model_versions():
            properties = {"modelType": "mlflow_model", "modelUri": version.source, "flavors": {}, "isArchived": False}
            self.stand_in.workspace.resources.put(f"models/{version.name}/versions/{version.version}", properties)


class _ImageNotBuilt(Exception):  # noqa: N818 - an expected outcome, not an error
    pass


def _identity(job: SubmittedJob, node: Node) -> tuple[str, ...]:
    return job.nodes[node.name].node["componentId"], str(job.properties.get("inputs")), *sorted(node.inputs)


def _content(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def _append(log: Path, line: str) -> None:
    with log.open("a") as stream:
        stream.write(line + "\n")


def _forget(variables: Iterable[str], folder: Path) -> Path:
    """Write a shell file that unsets variables: a job has no service principal."""
    file = folder / "forget.sh"
    file.write_text(f"unset {' '.join(sorted(variables))}\n")
    return file


def _only_python(commands: Path, folder: Path) -> Path:
    """Make a folder with an environment's Python but none of its other commands."""
    folder.mkdir(parents=True)
    (folder / "python").write_text(f'#!/bin/sh\nexec "{commands / "python"}" "$@"\n')
    (folder / "python").chmod(0o755)
    return folder


@contextmanager
def executing(execution: Execution) -> Iterator[Execution]:
    """Run every submitted job, one after the other, while the body runs."""
    over = threading.Event()
    failures: list[Exception] = []

    def work() -> None:
        seen: set[str] = set()
        while not over.wait(0.05):
            for name in [name for name in list(execution.stand_in.jobs) if name not in seen and "nowhere" not in name]:
                seen.add(name)
                try:
                    execution.carry_out(name)
                except Exception as error:
                    failures.append(error)
                    execution.stand_in.jobs.set_status(name, "Failed", error=repr(error))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield execution
    finally:
        over.set()
        thread.join()
    if failures:
        raise failures[0]
