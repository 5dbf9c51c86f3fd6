"""The computes of a workspace, in the form in which the service returns them."""

from datetime import UTC, datetime
from typing import Any

from .message import REGION
from .resources import Resources


def add_cluster(resources: Resources, name: str, vm_size: str, max_nodes: int) -> None:
    """Add an idle cluster of virtual machines."""
    states = ("preparing", "running", "idle", "unusable", "leaving", "preempted")
    _put(
        resources,
        name,
        "AmlCompute",
        {
            "vmSize": vm_size.upper(),
            "vmPriority": "Dedicated",
            "scaleSettings": {"maxNodeCount": max_nodes, "minNodeCount": 0, "nodeIdleTimeBeforeScaleDown": "PT2M"},
            "subnet": None,
            "currentNodeCount": 0,
            "targetNodeCount": 0,
            "nodeStateCounts": {f"{state}NodeCount": 0 for state in states},
            "allocationState": "Steady",
            "allocationStateTransitionTime": datetime.now(UTC).isoformat(),
            "errors": None,
            "remoteLoginPortPublicAccess": "Enabled",
            "osType": "Linux",
            "virtualMachineImage": None,
            "isolatedNetwork": False,
            "propertyBag": {},
        },
    )


def add_kubernetes(resources: Resources, name: str, instance_types: tuple[str, ...]) -> None:
    """Attach a Kubernetes cluster."""
    types = {name: {"nodeSelector": None, "resources": None} for name in instance_types}
    details = {"namespace": "azureml", "defaultInstanceType": instance_types[0], "instanceTypes": types}
    _put(resources, name, "Kubernetes", details)


def _put(resources: Resources, name: str, type_: str, details: dict[str, Any]) -> None:
    now = datetime.now(UTC).isoformat()
    properties = {
        "createdOn": now,
        "modifiedOn": now,
        "disableLocalAuth": False,
        "description": None,
        "resourceId": None,
        "computeType": type_,
        "computeLocation": REGION,
        "provisioningState": "Succeeded",
        "provisioningErrors": None,
        "isAttachedCompute": type_ == "Kubernetes",
        "properties": details,
    }
    compute = resources.put(f"computes/{name}", properties, location=REGION, tags={})
    del compute["systemData"]  # a compute has none
