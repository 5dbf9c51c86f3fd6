"""Plans made by hand, for tests that need no SDK."""

import json
import subprocess
import threading
from pathlib import Path

from mnist_pipeline.runner.node_call import NodeCall
from mnist_pipeline.runner.plan import Node, OutputOf, Plan, Value


def node(name, *, after=(), command="true", outputs=None, **changes):
    """A node that reads the output `result` of each node in `after` and writes a folder `result`."""
    settings = {"snapshot": None, "environment_variables": {}, **changes}
    inputs = {upstream: OutputOf(upstream, "result") for upstream in after} | settings.pop("inputs", {})
    outputs = {"result": "uri_folder"} if outputs is None else outputs
    return Node(name=name, command=command, inputs=inputs, outputs=outputs, **settings)


def plan(*nodes, outputs=None):
    return Plan("test", "test", {node.name: node for node in nodes}, outputs or {})


def call(folder: Path, one: Node):
    """A call of a node whose inputs are values and paths, and the list of the lines that it will print."""
    outputs = {port: folder / "outputs" / port for port in one.outputs}
    for port, path in outputs.items():
        (path if one.outputs[port] == "uri_folder" else path.parent).mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    inputs = {name: value if isinstance(value, Value) else value.path for name, value in one.inputs.items()}
    return (
        NodeCall(
            node=one,
            inputs=inputs,
            outputs=outputs,
            code=folder / "code",
            environment=one.environment_variables,
            cancel=threading.Event(),
            print_line=lines.append,
        ),
        lines,
    )


def status_of(run_folder: Path):
    return json.loads((run_folder / "status.json").read_text())


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and that nobody asked about yet, a zombie, does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")
