"""The nodes of a job, and the runs that they are in the workspace."""

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
    """A node of a job, which Azure calls the job's child.

    Attributes:
        node: Its name in the pipeline, or what Azure shows for it.
        status: As Azure says: Queued, Running, Completed and so on.
        job: Its own name as a job.
    """

    node: str
    status: str
    job: str


def children(client: "MLClient", name: str) -> list[NodeState]:
    """Return the states of a job's nodes, of those that Azure has begun with.

    Raises:
        WorkspaceError: there is no such job, or the workspace does not tell.
    """
    with explained(f"list the nodes of job {name}"):
        found = [child for child in client.jobs.list(parent_job_name=name) if child is not None]
        return [NodeState(child.display_name or child.name, text_of(child.status), str(child.name)) for child in found]


def find_node(client: "MLClient", name: str, node: str) -> NodeState:
    """Return the state of one node of a job.

    Args:
        client: Of the workspace.
        name: Of the job.
        node: The node's name; for a node of a pipeline inside the job `outer.inner`.

    Raises:
        WorkspaceError: there is no such job, or Azure has not begun with such a node.
    """
    first, dot, rest = node.partition(".")
    begun = children(client, name)
    for child in begun:
        if child.node == node:
            return child
    for child in begun:
        if dot and child.node == first:
            return find_node(client, child.job, rest)
    names = ", ".join(child.node for child in begun)
    raise WorkspaceError(
        f"job {name} has no node {node} that has begun; {f'give one of {names}' if names else 'none has begun yet'}."
    )


def origin_of(client: "MLClient", name: str) -> str:
    """Return the name of the job that really ran: another one, where Azure reused the outputs of an earlier node."""
    with explained(f"look for job {name}"):
        properties = client.jobs.get(name).properties or {}
    is_reused = properties.get("azureml.isreused") == "true"
    return str(properties.get("azureml.reusedrunid") or name) if is_reused else name
