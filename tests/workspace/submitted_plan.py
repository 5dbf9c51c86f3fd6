"""Makes a plan for the runner from what a workspace received, without the objects of our pipelines."""

import re
from pathlib import Path

from workspace_stand_in import SubmittedJob, SubmittedNode

from mnist_pipeline.runner.plan import LocalData, Node, OutputOf, Plan, Snapshot, Value

_PARENT_INPUT = re.compile(r"\$\{\{parent\.inputs\.(\w+)\}\}")
_NODE_OUTPUT = re.compile(r"\$\{\{parent\.jobs\.(\w+)\.outputs\.(\w+)\}\}")


def plan_of(job: SubmittedJob, folder: Path) -> Plan:
    """Write the uploaded files to `folder` and return the plan of the submitted job."""
    inputs = {name: _job_input(job, name, folder / "data") for name in job.properties.get("inputs") or {}}
    nodes = {name: _plan_node(node, inputs, folder / "snapshots") for name, node in job.nodes.items()}
    return Plan(job.name, job.properties["experimentName"], nodes, outputs={})


def _job_input(job: SubmittedJob, name: str, folder: Path) -> Value | LocalData:
    given = job.properties["inputs"][name]
    if "uri" not in given:
        return Value(given["value"])
    for path, content in job.data[name].items():
        (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / name / path).write_bytes(content)
    return LocalData(folder / name)


def _plan_node(node: SubmittedNode, job_inputs: dict, folder: Path) -> Node:
    declared = node.component.get("inputs", {})
    inputs = {port: Value(spec["default"]) for port, spec in declared.items() if spec.get("default") is not None}
    for port, given in (node.node.get("inputs") or {}).items():
        value = given["value"]
        if match := _NODE_OUTPUT.fullmatch(value):
            inputs[port] = OutputOf(*match.groups())
        elif match := _PARENT_INPUT.fullmatch(value):
            if match[1] in job_inputs:
                inputs[port] = job_inputs[match[1]]
            else:
                assert declared[port]["optional"] == "True", f"{node.name}.{port} has no value"
        else:
            inputs[port] = Value(value)
    return Node(
        name=node.name,
        command=node.component["command"],
        snapshot=_laid_out(node, folder / node.name),
        inputs=inputs,
        outputs={port: spec["type"] for port, spec in node.component.get("outputs", {}).items()},
        environment_variables=node.node.get("environment_variables", {}),
    )


def _laid_out(node: SubmittedNode, folder: Path) -> Snapshot:
    node.lay_out_snapshot(folder)
    return Snapshot(folder, {path: folder / path for path in node.snapshot})
