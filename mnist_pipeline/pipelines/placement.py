"""Where the nodes of a pipeline run on Azure ML."""

from azure.ai.ml.entities import Command, ResourceConfiguration


def place(compute: str | None, *nodes: Command, instance_type: str | None = None) -> None:
    """Let `nodes` run on `compute`, or on the job's default compute when it is None.

    Args:
        compute: Name of a compute.
        nodes: Nodes of a pipeline.
        instance_type: On a Kubernetes compute, the name of the instance type to run on.
    """
    for node in nodes:
        if compute is not None:
            node.compute = compute
        if instance_type is not None:
            node.resources = ResourceConfiguration(instance_type=instance_type)
