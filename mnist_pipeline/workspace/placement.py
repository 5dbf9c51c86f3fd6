"""The computes that run the nodes of a job."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mnist_pipeline.errors import WorkspaceError
from mnist_pipeline.workspace.explanation import explained

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

SERVERLESS = "serverless"


@dataclass(frozen=True)
class Placement:
    """A compute, and the instances to use on it.

    Attributes:
        compute: A compute's name, or `serverless`.
        instance_type: A virtual machine size for serverless compute, or the name of a Kubernetes instance type. None
            for a cluster, whose machine size is fixed.
        instance_count: The number of instances that run a node; one if None.
    """

    compute: str
    instance_type: str | None = None
    instance_count: int | None = None


def assign_computes(job: Any, default: Placement, nodes: Mapping[str, Placement]) -> None:
    """Set the compute of each node of a job: the one in `nodes`, or else `default`.

    Raises:
        WorkspaceError: the job has no node of a name in `nodes`.
    """
    if unknown := nodes.keys() - job.jobs.keys():
        raise WorkspaceError(f"the pipeline has no node {', '.join(sorted(unknown))}; it has {', '.join(job.jobs)}.")
    job.settings.default_compute = default.compute
    for name, node in job.jobs.items():
        placement = nodes.get(name, default)
        node.compute = None if placement.compute == default.compute else placement.compute
        resources: dict[str, Any] = {}
        if placement.instance_type is not None:
            resources["instance_type"] = placement.instance_type
        if placement.instance_count is not None:
            resources["instance_count"] = placement.instance_count
        if resources:
            node.resources = resources


def check_computes(client: "MLClient", placements: Iterable[Placement]) -> None:
    """Check that the computes exist and accept the instance types. The SDK does not check a job's default compute.

    Raises:
        WorkspaceError: a compute does not exist, or does not accept an instance type.
    """
    for placement in dict.fromkeys(placements):
        if placement.compute == SERVERLESS:
            continue
        compute = _get(client, placement.compute)
        if compute.type == "kubernetes":
            continue
        if placement.instance_type is not None:
            raise WorkspaceError(
                f"compute {placement.compute} is of type {compute.type}, whose instances have a fixed size; leave out "
                "the instance type, or use serverless or a Kubernetes compute."
            )


def _get(client: "MLClient", name: str) -> Any:
    from azure.core.exceptions import ResourceNotFoundError

    with explained(f"look up compute {name}"):
        try:
            return client.compute.get(name)
        except ResourceNotFoundError as error:
            known = [compute.name for compute in client.compute.list()]  # fails if the workspace is missing
            raise WorkspaceError(
                f"workspace {client.workspace_name} has no compute {name}; "
                f"use {', '.join([*known, ''])}{'or ' if known else ''}{SERVERLESS}."
            ) from error
