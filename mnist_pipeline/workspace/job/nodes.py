"""The nodes of a job, and the jobs that run them in the workspace."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnist_pipeline.errors import WorkspaceError
from mnist_pipeline.sdk import text_of
from mnist_pipeline.workspace.explanation import explained

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

COMPLETED = "Completed"
CANCELED = "Canceled"
NOT_RESPONDING = "NotResponding"
PAUSED = "Paused"
ENDS = (COMPLETED, "Failed", CANCELED)


@dataclass(frozen=True)
class NodeState:
    """The state of a node, which Azure calls a child of the job.

    Attributes:
        node: The node's name in the pipeline, or the name that Azure shows for it.
        status: Azure's word for it: Queued, Running, Completed and so on.
        job: The name of the node's own job.
    """

    node: str
    status: str
    job: str


def children(client: "MLClient", name: str) -> list[NodeState]:
    """Return the states of the job's nodes, as far as Azure lists them already.

    Raises:
        WorkspaceError: the job does not exist, or the workspace cannot be read.
    """
    with explained(f"list the nodes of job {name}"):
        found = [child for child in client.jobs.list(parent_job_name=name) if child is not None]
        return [NodeState(child.display_name or child.name, text_of(child.status), str(child.name)) for child in found]


def find_node(client: "MLClient", name: str, node: str) -> NodeState:
    """Return the state of one node of a job.

    Args:
        client: The workspace's client.
        name: The job's name.
        node: The node's name; `outer.inner` for a node of a pipeline inside the job.

    Raises:
        WorkspaceError: the job does not exist, or Azure does not list the node, or not yet.
    """
    first, dot, rest = node.partition(".")
    listed = children(client, name)
    for child in listed:
        if child.node == node:
            return child
    for child in listed:
        if dot and child.node == first:
            return find_node(client, child.job, rest)
    names = ", ".join(child.node for child in listed)
    raise WorkspaceError(
        f"job {name} has no node {node}; {f'choose from {names}' if names else 'Azure lists no nodes of it yet'}."
    )


def origin_of(client: "MLClient", name: str) -> str:
    """Return the name of the job that really ran: an earlier one if Azure reused its outputs, else `name`."""
    with explained(f"look up job {name}"):
        properties = client.jobs.get(name).properties or {}
    is_reused = properties.get("azureml.isreused") == "true"
    return str(properties.get("azureml.reusedrunid") or name) if is_reused else name
