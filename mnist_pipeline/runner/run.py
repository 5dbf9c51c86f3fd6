"""Carrying out a plan on this machine."""

import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from azure.ai.ml.entities import PipelineJob

from mnist_pipeline.errors import MnistPipelineError, SettingError
from mnist_pipeline.files import output_folder
from mnist_pipeline.runner.in_process_node import run_in_process
from mnist_pipeline.runner.mlflow_runs import Tracking, absolute, embedded_store
from mnist_pipeline.runner.node_call import NodeCall, NodeFailed, RunNode
from mnist_pipeline.runner.pipeline_run import NodeRun, PipelineRun, Status
from mnist_pipeline.runner.plan import Literal as LiteralValue
from mnist_pipeline.runner.plan import LocalData, Node, OutputOf, Plan
from mnist_pipeline.runner.read_plan import read_plan
from mnist_pipeline.runner.run_folder import RunFolder
from mnist_pipeline.runner.subprocess_node import run_in_subprocess

Mode: TypeAlias = Literal["subprocess", "in-process"]

_RUN_NODE: Mapping[str, RunNode] = {"subprocess": run_in_subprocess, "in-process": run_in_process}
_WAKE_SECONDS = 0.2


@dataclass(frozen=True)
class NodeChanged:
    """A node's state is another than before."""

    node: NodeRun


@dataclass(frozen=True)
class NodePrinted:
    """A node printed a line."""

    name: str
    line: str


Event: TypeAlias = NodeChanged | NodePrinted


def run_locally(
    job: PipelineJob,
    output_dir: str | os.PathLike[str] = "mnist-runs",
    *,
    mode: Mode = "subprocess",
    tracking_uri: str | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> PipelineRun:
    """Carry out a pipeline job on this machine, the very object that would be submitted to Azure ML.

    Nodes run as soon as what they read is there, as many at once as the machine has processors. A failed node stops
    those that need it; the others go on. On KeyboardInterrupt the nodes are stopped, the run is marked as canceled,
    and the interrupt goes on to the caller.

    Args:
        job: What a `@pipeline` function returned: command nodes, and pipelines of them.
        output_dir: Folder for the run's own folder and, beside it, the embedded MLflow store.
        mode: `subprocess` runs each node's command line in a copy of its snapshot, as the cloud would; `in-process`
            calls the functions in this process, one after the other, for a debugger.
        tracking_uri: MLflow store or server; by default that of `MLFLOW_TRACKING_URI`, otherwise `mlflow.db` in
            `output_dir`.
        on_event: Called with each change of a node's state and each line that it prints; from other threads too,
            one call at a time. What it raises ends the run and goes on to the caller.

    Returns:
        The run, whatever became of it: look at `.status`, or call `.raise_for_status()`.

    Raises:
        SettingError: there is no such mode.
        PlanError: the job cannot be carried out here.
        OutputError: `output_dir` cannot be written to.
        RunError: MLflow cannot be reached.
    """
    if mode not in _RUN_NODE:
        raise SettingError(f"mode is {mode!r}; choose {' or '.join(_RUN_NODE)}.")
    plan = read_plan(job)
    folder = output_folder(output_dir).resolve()
    uri = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI")
    return carry_out(
        plan,
        RunFolder(folder, plan),
        absolute(uri) if uri else embedded_store(folder),
        artifacts=None if uri else folder / "mlartifacts",
        run_node=_RUN_NODE[mode],
        pool=ThreadPoolExecutor(os.cpu_count()) if mode == "subprocess" else _Inline(),
        on_event=on_event or (lambda _: None),
    )


def carry_out(
    plan: Plan,
    folder: RunFolder,
    tracking_uri: str,
    *,
    artifacts: Path | None,
    run_node: RunNode,
    pool: Executor,
    on_event: Callable[[Event], None],
) -> PipelineRun:
    """Run the nodes of `plan` in their order; see `run_locally`."""
    try:
        tracking = Tracking(tracking_uri, plan.experiment_name, folder.name, artifacts)
    except BaseException:
        folder.remove()
        raise
    run = _Run(plan, folder, tracking, run_node, on_event)
    try:
        run.drain(pool)
    except BaseException as error:
        with _undisturbed():
            run.cancel.set()
            pool.shutdown()
            run.finish(Status.FAILED if isinstance(error, Exception) else Status.CANCELED)
        raise
    pool.shutdown()
    completed = all(node.status is Status.COMPLETED for node in run.nodes.values())
    return run.finish(Status.COMPLETED if completed else Status.FAILED)


class _Run:
    """The state of a run while it goes on."""

    def __init__(
        self, plan: Plan, folder: RunFolder, tracking: Tracking, run_node: RunNode, on_event: Callable[[Event], None]
    ) -> None:
        self.cancel = threading.Event()
        self.nodes = {node.name: NodeRun(node.name, Status.NOT_STARTED, {}, folder.log(node.name)) for node in plan}
        self._plan = plan
        self._folder = folder
        self._tracking = tracking
        self._run_node = run_node
        self._on_event = on_event
        self._lock = threading.RLock()
        self._listener_error: Exception | None = None
        self._status = Status.RUNNING
        self._write_status()

    def drain(self, pool: Executor) -> None:
        """Run every node whose upstream nodes completed; return when nothing is left to run."""
        sorter = self._plan.sorter()
        sorter.prepare()
        running: set[Future[str]] = set()
        while sorter.is_active():
            for name in sorter.get_ready():
                node = self._plan.nodes[name]
                if all(self.nodes[upstream].status is Status.COMPLETED for upstream in node.upstream):
                    running.add(pool.submit(self._run, node))
                else:
                    sorter.done(name)
            if running:
                # The pause ends now and then, because Ctrl-C can reach another thread and is acted on in this one only.
                done, running = wait(running, timeout=_WAKE_SECONDS, return_when=FIRST_COMPLETED)
                sorter.done(*(future.result() for future in done))
            if self._listener_error is not None:
                raise self._listener_error

    def finish(self, status: Status) -> PipelineRun:
        """Close the books of the run and return what became of it."""
        with self._lock:
            for node in list(self.nodes.values()):
                if node.status is Status.RUNNING:  # interrupted before it could say so itself
                    self.nodes[node.name] = replace(node, status=Status.CANCELED)
            self._status = status
            try:
                self._write_status()
            finally:
                self._tracking.end(self._tracking.run_id, status)
        outputs = {
            name: self.nodes[output.node].outputs[output.port]
            for name, output in self._plan.outputs.items()
            if output.port in self.nodes[output.node].outputs
        }
        return PipelineRun(
            name=self._folder.name,
            status=status,
            nodes=self.nodes,
            outputs=outputs,
            folder=self._folder.path,
            tracking_uri=self._tracking.uri,
            run_id=self._tracking.run_id,
        )

    def _run(self, node: Node) -> str:
        """Run one node from its first state to its last, unless the run is being canceled; return its name."""
        if self.cancel.is_set():
            return node.name
        started = time.monotonic()
        log_path = self._folder.log(node.name)
        log_path.parent.mkdir(parents=True)
        variables: Mapping[str, str] = {}
        outcome: dict[str, Any] = {"status": Status.CANCELED}
        with log_path.open("w", encoding="utf-8", errors="replace", buffering=1) as log:

            def print_line(line: str) -> None:
                log.write(line + "\n")
                self._emit(NodePrinted(node.name, line))

            self._change(node, status=Status.RUNNING)
            try:
                variables = self._tracking.start_node(node.name)
                self._run_node(
                    NodeCall(
                        node=node,
                        inputs=self._inputs(node),
                        outputs=self._folder.staged(node),
                        code=self._folder.code(node.name),
                        environment={**variables, **node.environment_variables},
                        cancel=self.cancel,
                        print_line=print_line,
                    )
                )
                outcome = {"status": Status.COMPLETED, "outputs": self._folder.keep_outputs(node)}
            except (NodeFailed, MnistPipelineError) as error:
                if not self.cancel.is_set():
                    outcome = {"status": Status.FAILED, "error": str(error)}
            except Exception as error:
                outcome = {"status": Status.FAILED, "error": f"{type(error).__name__}: {error}"}
                for line in traceback.format_exc().splitlines():
                    print_line(line)
            finally:
                self._folder.drop_outputs(node)
                self._change(node, duration=time.monotonic() - started, **outcome)
                if variables:
                    self._tracking.end(variables["MLFLOW_RUN_ID"], outcome["status"])
        return node.name

    def _inputs(self, node: Node) -> dict[str, LiteralValue | Path]:
        inputs: dict[str, LiteralValue | Path] = {}
        for port, binding in node.inputs.items():
            if isinstance(binding, OutputOf):
                inputs[port] = self.nodes[binding.node].outputs[binding.port]
            else:
                inputs[port] = binding.path if isinstance(binding, LocalData) else binding
        return inputs

    def _change(self, node: Node, **changes: Any) -> None:
        with self._lock:
            self.nodes[node.name] = replace(self.nodes[node.name], **changes)
            self._write_status()
            self._emit(NodeChanged(self.nodes[node.name]))

    def _emit(self, event: Event) -> None:
        with self._lock:
            try:
                self._on_event(event)
            except Exception as error:  # raised again by drain: a thread that dies here would leave its node waiting
                self._listener_error = self._listener_error or error
                self.cancel.set()

    def _write_status(self) -> None:
        tracking = {"tracking_uri": self._tracking.uri, "run_id": self._tracking.run_id}
        self._folder.write_status(self._status, self.nodes, tracking)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let a second Ctrl-C wait until the nodes are stopped and the books closed, which takes seconds at the most."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class _Inline(Executor):
    """Runs what is submitted at once, in the calling thread: breakpoints and Ctrl-C reach it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future
