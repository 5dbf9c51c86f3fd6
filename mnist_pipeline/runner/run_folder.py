"""The folder of a run: plan, status, and for each node its code, log and outputs.

<output_dir>/<run>/.mnist-pipeline-run  the marker by which later runs leave the folder out of snapshots
                   plan.json
                   status.json            replaced at every change of state, never half written
                   nodes/<node>/log.txt   what the node prints, line by line as it prints it
                                code/     the node's copy of its snapshot; the node runs here
                                outputs/  appears when the node completes
"""

import json
import os
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mnist_pipeline.errors import OutputError, RunError
from mnist_pipeline.files import output_folder, written_whole
from mnist_pipeline.run_marker import MARKER
from mnist_pipeline.runner.pipeline_run import NodeRun
from mnist_pipeline.runner.plan import Binding, LocalData, Node, Plan, Value
from mnist_pipeline.runner.status import Status

_MARKER_TEXT = "A local run of mnist-pipeline made this folder. Runs do not copy it as part of a step's code.\n"


def marked_folder(path: Path) -> Path:
    """Make the folder `path` if it is missing, put the marker of local runs in it, and return it.

    Raises:
        OutputError: the folder cannot be made or written to.
    """
    folder = output_folder(path)
    try:
        (folder / MARKER).write_text(_MARKER_TEXT, encoding="utf-8")  # not through a temporary file: two runs may start
    except OSError as error:
        raise OutputError(f"{folder}: writing failed ({error.strerror}); make room or name another folder.") from error
    return folder


class RunFolder:
    """Makes the folder of one run, knows the paths in it, and writes its plan and its status."""

    def __init__(self, output_dir: str | os.PathLike[str], plan: Plan) -> None:
        """Make a new, uniquely named folder below `output_dir` and write the plan into it.

        Raises:
            OutputError: the folder cannot be made or written to.
        """
        started = datetime.now(UTC)
        self.name = f"{started:%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}"
        self.path = marked_folder(Path(output_dir).resolve() / self.name)
        self._started = started
        _write_json(self.path / "plan.json", _describe(plan))

    def node(self, name: str) -> Path:
        """Folder of a node."""
        return self.path / "nodes" / name

    def log(self, name: str) -> Path:
        """File with everything that a node printed."""
        return self.node(name) / "log.txt"

    def code(self, name: str) -> Path:
        """The folder that a node runs in."""
        return self.node(name) / "code"

    def staged(self, node: Node) -> dict[str, Path]:
        """Make the folder that a node writes to while it runs; return the path of each output in it."""
        return _output_paths(node, self.node(node.name) / "outputs.partial", make=True)

    def keep_outputs(self, node: Node) -> dict[str, Path]:
        """Move the outputs of a completed node to their final place; return their paths.

        Raises:
            RunError: the node did not write one of its outputs.
        """
        folder = self.node(node.name)
        for port, path in _output_paths(node, folder / "outputs.partial", make=False).items():
            if not path.exists():
                raise RunError(
                    f"the node ended without writing its output {port}; write it to the path that the command gets."
                )
        (folder / "outputs.partial").rename(folder / "outputs")
        return _output_paths(node, folder / "outputs", make=False)

    def drop_outputs(self, node: Node) -> None:
        """Remove the outputs that a failed or canceled node began to write; do nothing after `keep_outputs`."""
        shutil.rmtree(self.node(node.name) / "outputs.partial", ignore_errors=True)

    def remove(self) -> None:
        """Remove the folder of a run that did not begin."""
        shutil.rmtree(self.path, ignore_errors=True)

    def write_status(self, status: Status, nodes: Mapping[str, NodeRun], tracking: Mapping[str, str]) -> None:
        """Write the status file.

        Raises:
            OutputError: the file cannot be written.
        """
        content = {
            "name": self.name,
            "status": status,
            "started": self._started.isoformat(timespec="seconds"),
            "ended": None if status is Status.RUNNING else datetime.now(UTC).isoformat(timespec="seconds"),
            "mlflow": dict(tracking),
            "nodes": {name: asdict(node) for name, node in nodes.items()},
        }
        _write_json(self.path / "status.json", content)


def _output_paths(node: Node, folder: Path, *, make: bool) -> dict[str, Path]:
    paths = {port: folder / port for port in node.outputs}
    if make:
        folder.mkdir(parents=True)
        for port, path in paths.items():
            if node.outputs[port] != "uri_file":
                path.mkdir()
    return paths


def _describe(plan: Plan) -> dict[str, Any]:
    def binding(bound: Binding) -> Any:
        if isinstance(bound, Value):
            return bound.value
        return {"path": str(bound.path)} if isinstance(bound, LocalData) else {"node": bound.node, "output": bound.port}

    return {
        "name": plan.name,
        "nodes": {
            node.name: {
                "command": node.command,
                "code": str(node.snapshot.folder) if node.snapshot else None,
                "inputs": {port: binding(bound) for port, bound in node.inputs.items()},
                "outputs": dict(node.outputs),
                "environment_variables": sorted(node.environment_variables),  # names only: a value may be a secret
            }
            for node in plan
        },
        "outputs": {name: binding(output) for name, output in plan.outputs.items()},
    }


def _write_json(path: Path, content: Any) -> None:
    with written_whole(path) as (partial,):
        partial.write_text(json.dumps(content, indent=2, default=str) + "\n", encoding="utf-8")
