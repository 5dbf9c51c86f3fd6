"""The states of a run and its nodes, in Azure ML's words, and what a run came to."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mnist_pipeline.errors import RunError

_LAST_LINES = 5


class Status(enum.StrEnum):
    """State of a run or of a node, named as in Azure ML."""

    NOT_STARTED = "NotStarted"
    RUNNING = "Running"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELED = "Canceled"


@dataclass(frozen=True)
class NodeRun:
    """What became of a node.

    Attributes:
        name: The node's name in the plan.
        status: `NotStarted` where a node before it failed or the run was canceled.
        outputs: The path of each output; empty unless the node completed.
        log_path: What the node printed.
        duration: Seconds from start to end, 0 for a node that was not started.
        error: Why it failed, in one sentence; empty unless it did.
    """

    name: str
    status: Status
    outputs: Mapping[str, Path]
    log_path: Path
    duration: float = 0.0
    error: str = ""


@dataclass(frozen=True)
class PipelineRun:
    """What became of a run.

    Attributes:
        name: Name of the run, which is that of its folder.
        status: `Completed` only if every node completed.
        nodes: Each node's result by its name, in an order in which they can run.
        outputs: The path of each pipeline output whose node completed.
        folder: Where everything about the run is kept.
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
            RunError: it did not; the message names each failed node, its log and the log's last lines.
        """
        if self.status is Status.COMPLETED:
            return
        failed = [node for node in self.nodes.values() if node.status is Status.FAILED]
        if not failed:
            raise RunError(f"the run {self.name} was canceled; what completed is in {self.folder}.")
        raise RunError("\n".join(_failure(node) for node in failed))


def _failure(node: NodeRun) -> str:
    """Name the node and why it failed: what it printed last is most often the reason."""
    lines = node.log_path.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:]
    reason = f"{node.error}: {lines[-1]}" if lines and node.error != lines[-1] else node.error
    ending = "ends with:" + "".join(f"\n    | {line}" for line in lines) if lines else "is empty."
    return f"node {node.name} failed: {reason}\n  Its log, {node.log_path}, {ending}"
