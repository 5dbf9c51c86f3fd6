"""Runs the nodes of a plan, each as soon as its inputs exist."""

import time
import traceback
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnist_pipeline.errors import MnistPipelineError
from mnist_pipeline.runner.events import NodePrinted
from mnist_pipeline.runner.mlflow_runs import Tracking
from mnist_pipeline.runner.node_call import NodeCall, NodeFailed, RunNode
from mnist_pipeline.runner.plan import LocalData, Node, OutputOf, Plan, Value
from mnist_pipeline.runner.run_folder import RunFolder
from mnist_pipeline.runner.run_record import RunRecord
from mnist_pipeline.runner.status import Status

_WAKE_SECONDS = 0.2


@dataclass(frozen=True)
class Scheduler:
    """Runs the nodes of a plan.

    Attributes:
        plan: The nodes and what connects them.
        folder: Where their logs, code and outputs go.
        tracking: Starts and ends their MLflow runs.
        record: Keeps their states.
        run_node: Runs one node.
    """

    plan: Plan
    folder: RunFolder
    tracking: Tracking
    record: RunRecord
    run_node: RunNode

    def run_all(self, pool: Executor) -> None:
        """Run every node whose upstream nodes completed; return when nothing is left to run.

        Raises:
            RunError: MLflow cannot be used.
            OutputError: the run's folder cannot be written to.
            Exception: whatever the listener raised.
        """
        sorter = self.plan.sorter()
        sorter.prepare()
        running: set[Future[str]] = set()
        while sorter.is_active():
            for name in sorter.get_ready():
                node = self.plan.nodes[name]
                if all(self.record.nodes[upstream].status is Status.COMPLETED for upstream in node.upstream):
                    running.add(pool.submit(self._run, node))
                else:
                    sorter.done(name)
            if running:
                # Another thread may receive Ctrl-C, but Python acts on it only in this one, and only while it is awake.
                done, running = wait(running, timeout=_WAKE_SECONDS, return_when=FIRST_COMPLETED)
                sorter.done(*(future.result() for future in done))
            if self.record.listener_error is not None:
                raise self.record.listener_error

    def _run(self, node: Node) -> str:
        """Run one node from start to end, unless the run is being canceled; return its name."""
        if self.record.cancel.is_set():
            return node.name
        started = time.monotonic()
        log_path = self.folder.log(node.name)
        log_path.parent.mkdir(parents=True)
        run_id = ""
        outcome: dict[str, Any] = {"status": Status.CANCELED}
        with log_path.open("w", encoding="utf-8", errors="replace", buffering=1) as log:

            def print_line(line: str) -> None:
                log.write(line + "\n")
                self.record.tell(NodePrinted(node.name, line))

            self.record.change(node.name, status=Status.RUNNING)
            try:
                variables = self.tracking.start_node(node.name)
                run_id = variables["MLFLOW_RUN_ID"]
                self.run_node(
                    NodeCall(
                        node=node,
                        inputs=self._inputs(node),
                        outputs=self.folder.staged(node),
                        code=self.folder.code(node.name),
                        environment={**variables, **node.environment_variables},
                        cancel=self.record.cancel,
                        print_line=print_line,
                    )
                )
                outcome = {"status": Status.COMPLETED, "outputs": self.folder.keep_outputs(node)}
            except (NodeFailed, MnistPipelineError) as error:
                if not self.record.cancel.is_set():
                    outcome = {"status": Status.FAILED, "error": str(error)}
            except Exception as error:
                outcome = {"status": Status.FAILED, "error": f"{type(error).__name__}: {error}"}
                for line in traceback.format_exc().splitlines():
                    print_line(line)
            finally:
                self.folder.drop_outputs(node)
                self.record.change(node.name, duration=time.monotonic() - started, run_id=run_id, **outcome)
                if run_id:
                    self.tracking.end(run_id, outcome["status"])
        return node.name

    def _inputs(self, node: Node) -> dict[str, Value | Path]:
        inputs: dict[str, Value | Path] = {}
        for port, binding in node.inputs.items():
            if isinstance(binding, OutputOf):
                inputs[port] = self.record.nodes[binding.node].outputs[binding.port]
            else:
                inputs[port] = binding.path if isinstance(binding, LocalData) else binding
        return inputs
