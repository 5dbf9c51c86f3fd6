"""The result of a run and of its nodes."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mnist_pipeline.errors import RunError
from mnist_pipeline.mlflow_store import make_ready, read_timeout
from mnist_pipeline.runner.log_ending import log_ending
from mnist_pipeline.runner.status import Status

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class NodeRun:
    """The state or the result of one node.

    Attributes:
        name: The node's name in the plan.
        status: `NotStarted` if an upstream node failed or the run was canceled first.
        outputs: The path of each output; empty unless the node completed.
        log_path: The file with everything that the node printed.
        duration: Seconds from start to end; 0 until the node ends.
        error: Why the node failed, in one sentence; empty unless it failed.
        run_id: The node's MLflow run; empty until the node ends, and if it was not started.
    """

    name: str
    status: Status
    outputs: Mapping[str, Path]
    log_path: Path
    duration: float = 0.0
    error: str = ""
    run_id: str = ""


@dataclass(frozen=True)
class PipelineRun:
    """The result of a run.

    Attributes:
        name: Name of the run and of its folder.
        status: `Completed` only if every node completed.
        nodes: Each node's result by its name, in an order in which the nodes can run.
        outputs: The path of each pipeline output whose node completed.
        folder: The folder that holds the run's plan, status, logs and outputs.
        tracking_uri: The MLflow store or server that the run was logged to.
        run_id: The MLflow run of the pipeline; the nodes' runs are its children.
    """

    name: str
    status: Status
    nodes: Mapping[str, NodeRun]
    outputs: Mapping[str, Path]
    folder: Path
    tracking_uri: str
    run_id: str

    def raise_for_status(self) -> None:
        """Do nothing if the run completed.

        Raises:
            RunError: the run did not complete; the message names each failed node, its log and the log's last lines.
        """
        if self.status is Status.COMPLETED:
            return
        failed = [node for node in self.nodes.values() if node.status is Status.FAILED]
        if not failed:
            raise RunError(f"the run {self.name} was canceled; what completed is in {self.folder}.")
        raise RunError("\n".join(_failure(node) for node in failed))

    def metrics(self) -> "DataFrame":
        """Return what the nodes logged to MLflow, one row per logged value.

        Returns:
            A table with the columns `node` (string), `metric` (string), `step` (int64), `value` (float64) and `time`
            (datetime64[ns, UTC]). The nodes come in the order of `nodes`, each node's metrics by name, each metric's
            values by step.

        Raises:
            RunError: the MLflow store or server cannot be read.
        """
        from mnist_pipeline.runner.mlflow_runs import read_metrics

        make_ready(self.tracking_uri, read_timeout(os.environ))
        return read_metrics(self.tracking_uri, {node.name: node.run_id for node in self.nodes.values() if node.run_id})


def _failure(node: NodeRun) -> str:
    """Name the node and why it failed; the end of its log usually holds the reason."""
    lines = log_ending(node.log_path.read_text(encoding="utf-8", errors="replace"))
    reason = f"{node.error}: {lines[-1]}" if lines and node.error != lines[-1] else node.error
    ending = "ends with:" + "".join(f"\n    | {line}" for line in lines) if lines else "is empty."
    return f"node {node.name} failed: {reason}\n  Its log, {node.log_path}, {ending}"
