"""A submitted job, read back from the workspace: everything that Azure would need to run it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from .azurite import Azurite
from .resources import Resource, Resources


@dataclass(frozen=True)
class SubmittedNode:
    """A node of a submitted job.

    Attributes:
        name: The node's name in the graph.
        node: The node's part of the job's body.
        component: The specification of its component, as registered.
        conda_file: The content of its environment's conda file.
        image: Its environment's base image.
        snapshot: The uploaded files, by their paths.
    """

    name: str
    node: Mapping[str, Any]
    component: Mapping[str, Any]
    conda_file: Mapping[str, Any]
    image: str
    snapshot: Mapping[str, bytes]

    def lay_out_snapshot(self, folder: Path) -> Path:
        """Write the uploaded files to a new folder, and return it."""
        folder.mkdir(parents=True)
        for path, content in self.snapshot.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        return folder


@dataclass(frozen=True)
class SubmittedJob:
    """A submitted job.

    Attributes:
        properties: The body that the client sent.
        nodes: The nodes by their names in the graph.
        data: The uploaded files of each input whose data is on the workspace's datastore.
    """

    name: str
    properties: Mapping[str, Any]
    nodes: Mapping[str, SubmittedNode]
    data: Mapping[str, Mapping[str, bytes]]


def read_submitted_job(name: str, resources: Resources, azurite: Azurite) -> SubmittedJob:
    """Look up everything that a job refers to."""
    properties = resources.by_path[f"jobs/{name}"]["properties"]
    nodes = {key: _read_node(key, node, resources, azurite) for key, node in properties["jobs"].items()}
    data = {
        key: _read_data(value["uri"], resources, azurite)
        for key, value in (properties.get("inputs") or {}).items()
        if "uri" in value
    }
    return SubmittedJob(name, properties, nodes, data)


def _read_node(name: str, node: Resource, resources: Resources, azurite: Azurite) -> SubmittedNode:
    specification = _look_up(node["componentId"], resources)["componentSpec"]
    environment = _look_up(specification["environment"], resources)
    code = _look_up(specification["code"], resources)
    container, _, prefix = urlsplit(code["codeUri"]).path.strip("/").partition("/")
    return SubmittedNode(
        name=name,
        node=node,
        component=specification,
        conda_file=yaml.safe_load(environment["condaFile"]),
        image=environment["image"],
        snapshot=azurite.blobs(container, prefix),
    )


def _look_up(arm_id: str, resources: Resources) -> Resource:
    return resources.by_path[arm_id.removeprefix("azureml:").removeprefix(f"{resources.root}/")]["properties"]


def _read_data(uri: str, resources: Resources, azurite: Azurite) -> dict[str, bytes]:
    """Return the files behind `azureml://datastores/NAME/paths/FOLDER`; none if the data is elsewhere."""
    _, found, rest = uri.partition("datastores/")
    if not found:
        return {}
    datastore, _, folder = rest.partition("/paths/")
    return azurite.blobs(resources.by_path[f"datastores/{datastore}"]["properties"]["containerName"], folder)
