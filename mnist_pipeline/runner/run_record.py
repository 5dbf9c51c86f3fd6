"""The record of a run while it goes on."""

import threading
from dataclasses import replace
from typing import Any

from mnist_pipeline.runner.events import Event, Listener, NodeChanged
from mnist_pipeline.runner.mlflow_runs import Tracking
from mnist_pipeline.runner.pipeline_run import NodeRun, PipelineRun
from mnist_pipeline.runner.plan import Plan
from mnist_pipeline.runner.run_folder import RunFolder
from mnist_pipeline.runner.status import Status


class RunRecord:
    """Keeps the state of each node, writes every change to the status file and tells the listener.

    Threads may share it. The listener hears one event at a time.

    Attributes:
        nodes: The present state of each node by its name, in an order in which the nodes can run.
        cancel: Set when the nodes should stop.
        listener_error: The first exception that the listener raised; it cancels the run.
    """

    def __init__(self, plan: Plan, folder: RunFolder, tracking: Tracking, on_event: Listener) -> None:
        self.nodes = {node.name: NodeRun(node.name, Status.NOT_STARTED, {}, folder.log(node.name)) for node in plan}
        self.cancel = threading.Event()
        self.listener_error: Exception | None = None
        self._plan = plan
        self._folder = folder
        self._tracking = tracking
        self._on_event = on_event
        self._lock = threading.RLock()
        self._status = Status.RUNNING
        self._write_status()

    def change(self, name: str, **changes: Any) -> None:
        """Change fields of a node's `NodeRun`."""
        with self._lock:
            self.nodes[name] = replace(self.nodes[name], **changes)
            self._write_status()
            self.tell(NodeChanged(self.nodes[name]))

    def tell(self, event: Event) -> None:
        """Tell the listener about an event."""
        with self._lock:
            try:
                self._on_event(event)
            except Exception as error:  # the scheduler raises it: in a node's own thread it would be lost
                self.listener_error = self.listener_error or error
                self.cancel.set()

    def finish(self, status: Status) -> PipelineRun:
        """Write the final status, end the pipeline's MLflow run and return the result.

        Raises:
            OutputError: the status file cannot be written.
            RunError: MLflow cannot be used.
        """
        with self._lock:
            for node in list(self.nodes.values()):
                if node.status is Status.RUNNING:  # the interrupt came before the node could record its own end
                    self.nodes[node.name] = replace(node, status=Status.CANCELED)
            self._status = status
            try:
                self._write_status()
            finally:
                node_runs = {node.name: node.run_id for node in self.nodes.values() if node.run_id}
                self._tracking.finish(status, node_runs)
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

    def _write_status(self) -> None:
        tracking = {"tracking_uri": self._tracking.uri, "run_id": self._tracking.run_id}
        self._folder.write_status(self._status, self.nodes, tracking)
