"""The resources of one workspace, stored by path like in Azure Resource Manager: created with PUT, read with GET."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Resource = dict[str, Any]

WORKSPACE_ID = "44444444-dddd-4ddd-8ddd-444444444444"

_VERSIONED = 3  # slashes in kind/name/versions/version


@dataclass
class Resources:
    """The resources of a workspace. A path is relative to the workspace: `components/prep_data/versions/1`.

    Attributes:
        root: The ARM id of the workspace.
        by_path: Every resource, in the order of creation.
    """

    root: str
    by_path: dict[str, Resource] = field(default_factory=dict)

    @property
    def short_uri(self) -> str:
        """The beginning of the URIs of the workspace's data."""
        root = self.root.replace("/resourceGroups/", "/resourcegroups/")
        return "azureml:/" + root.replace("/providers/Microsoft.MachineLearningServices", "")

    def put(self, path: str, properties: Resource, **more: Any) -> Resource:
        """Create or replace a resource and return it in ARM's form."""
        parts = path.split("/")
        now = datetime.now(UTC).isoformat()
        previous = self.by_path.get(path)
        resource = {
            "id": f"{self.root}/{path}",
            "name": parts[-1],
            "type": "Microsoft.MachineLearningServices/workspaces/" + "/".join(parts[::2]),
            "properties": properties,
            "systemData": {
                "createdAt": previous["systemData"]["createdAt"] if previous else now,
                "createdBy": "stand-in",
                "createdByType": "Application",
                "lastModifiedAt": now,
                "lastModifiedBy": "stand-in",
                "lastModifiedByType": "Application",
            },
            **more,
        }
        self.by_path[path] = resource
        if path.count("/") == _VERSIONED and parts[2] == "versions":
            self._put_container(parts[0], parts[1], parts[3])
        return resource

    def _put_container(self, kind: str, name: str, version: str) -> None:
        """Store the container of an asset's versions. For components the service does not name the latest version."""
        properties: Resource = {"description": None, "tags": {}, "properties": {}, "isArchived": False}
        if kind == "components" or not version.isdecimal():
            properties |= {"latestVersion": None, "nextVersion": f"{datetime.now(UTC):%Y-%m-%d-%H-%M-%S-%f}"}
        else:
            properties |= {"latestVersion": version, "nextVersion": str(int(version) + 1)}
        if kind == "components":
            properties["description"] = ""
        self.put(f"{kind}/{name}", properties)

    def children(self, path: str) -> list[Resource]:
        """Return the resources directly in a collection, the newest first."""
        depth = path.count("/") + 1
        found = [
            resource for key, resource in self.by_path.items() if key.startswith(f"{path}/") and key.count("/") == depth
        ]
        return found[::-1]

    def of_kind(self, kind: str) -> list[Resource]:
        """Return every version of every asset of a kind: codes, components, ..."""
        return [
            resource
            for key, resource in self.by_path.items()
            if key.startswith(f"{kind}/") and key.count("/") == _VERSIONED
        ]
