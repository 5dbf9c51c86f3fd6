"""Runs a pipeline job, or a plan of one, on this machine."""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Literal, TypeAlias, get_args

from azure.ai.ml.entities import PipelineJob

from mnist_pipeline.errors import RunError, SettingError
from mnist_pipeline.files import output_folder
from mnist_pipeline.run_marker import STORE_ARTIFACTS
from mnist_pipeline.runner.events import Listener
from mnist_pipeline.runner.in_process_node import CallingThread, run_in_process
from mnist_pipeline.runner.mlflow_runs import Tracking, absolute, embedded_store
from mnist_pipeline.runner.node_call import RunNode
from mnist_pipeline.runner.pipeline_run import PipelineRun
from mnist_pipeline.runner.plan import Plan
from mnist_pipeline.runner.read_plan import read_plan
from mnist_pipeline.runner.run_folder import RunFolder, marked_folder
from mnist_pipeline.runner.run_record import RunRecord
from mnist_pipeline.runner.scheduler import Scheduler
from mnist_pipeline.runner.status import Status
from mnist_pipeline.runner.subprocess_node import run_in_subprocess

Mode: TypeAlias = Literal["subprocess", "in-process"]


def run_locally(
    job: PipelineJob,
    output_dir: str | os.PathLike[str] = "mnist-runs",
    *,
    mode: Mode = "subprocess",
    tracking_uri: str | None = None,
    on_event: Listener | None = None,
) -> PipelineRun:
    """Run a pipeline job on this machine: the same object that you would submit to Azure ML.

    A node runs as soon as its inputs exist, and as many nodes run at once as the machine has processors. If a node
    fails, the nodes that need it do not run; the others do. On KeyboardInterrupt the runner stops the nodes, marks the
    run as canceled and raises the interrupt again.

    Args:
        job: What a `@pipeline` function returned: command nodes, and pipelines of them.
        output_dir: Folder for the run's own folder and, beside it, the embedded MLflow store.
        mode: `subprocess` runs each node's command line in a copy of its snapshot, as the cloud would; `in-process`
            calls the functions in this process, one after the other, for a debugger.
        tracking_uri: MLflow store or server; by default that of `MLFLOW_TRACKING_URI`, otherwise `mlflow.db` in
            `output_dir`.
        on_event: Called with each change of a node's state and each line that a node prints, from several threads but
            never twice at once. If it raises an exception, the run ends and the caller gets the exception.

    Returns:
        The run, whether it completed or not: look at `.status`, or call `.raise_for_status()`.

    Raises:
        SettingError: there is no such mode.
        PlanError: the job cannot run on this machine.
        OutputError: `output_dir` cannot be written to.
        RunError: MLflow cannot be reached, or the system is neither Linux nor macOS.
    """
    if not hasattr(os, "killpg"):
        raise RunError(
            "running a job on this machine needs Linux or macOS, where the processes of a node are stopped as a group; "
            "use the Windows Subsystem for Linux, or submit the job to Azure ML."
        )
    if mode not in get_args(Mode):
        raise SettingError(f"mode is {mode!r}; choose {' or '.join(get_args(Mode))}.")
    plan = read_plan(job)
    if mode == "subprocess":
        return carry_out(plan, output_dir, tracking_uri=tracking_uri, on_event=on_event)
    return carry_out(
        plan,
        output_dir,
        tracking_uri=tracking_uri,
        on_event=on_event,
        run_node=run_in_process,
        pool=CallingThread(),
    )


def carry_out(
    plan: Plan,
    output_dir: str | os.PathLike[str] = "mnist-runs",
    *,
    tracking_uri: str | None = None,
    on_event: Listener | None = None,
    run_node: RunNode = run_in_subprocess,
    pool: Executor | None = None,
) -> PipelineRun:
    """Run the nodes of a plan on this machine.

    Args:
        plan: Read from a job, or made by hand.
        output_dir: As in `run_locally`.
        tracking_uri: As in `run_locally`.
        on_event: As in `run_locally`.
        run_node: Runs one node, from the threads of `pool`.
        pool: Where the nodes run, shut down at the end; by default as many threads as the machine has processors.

    Returns:
        The run, whether it completed or not.

    Raises:
        OutputError: `output_dir` cannot be written to.
        RunError: MLflow cannot be reached.
    """
    store = output_folder(output_dir).resolve()
    uri = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI")
    folder = RunFolder(store, plan)
    try:
        tracking = Tracking(
            absolute(uri) if uri else embedded_store(store),
            plan.experiment_name,
            folder.name,
            artifacts=None if uri else marked_folder(store / STORE_ARTIFACTS),
        )
    except BaseException:
        folder.remove()
        raise
    record = RunRecord(plan, folder, tracking, on_event or (lambda _: None))
    pool = ThreadPoolExecutor(os.cpu_count()) if pool is None else pool
    try:
        Scheduler(plan, folder, tracking, record, run_node).run_all(pool)
    except BaseException as error:
        with _no_interrupt():
            record.cancel.set()
            pool.shutdown()
            record.finish(Status.FAILED if isinstance(error, Exception) else Status.CANCELED)
        raise
    pool.shutdown()
    completed = all(node.status is Status.COMPLETED for node in record.nodes.values())
    return record.finish(Status.COMPLETED if completed else Status.FAILED)


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Ignore a second Ctrl-C while the nodes stop and the final status is written, which takes a few seconds."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
