"""The workspace behind management.azure.com: assets, computes, datastores and jobs."""

from typing import Any

from . import azurite, computes
from .assets import ANONYMOUS_COMPONENT, ANONYMOUS_ENVIRONMENT, KINDS, Assets
from .azurite import Azurite
from .bindings import refuse_dangling
from .job import Jobs
from .message import REGION, Answer, Request, error_answer, json_answer, service_error
from .resources import WORKSPACE_ID, Resource, Resources
from .run_files import RunFiles

HOST = "management.azure.com"
API_HOST = f"{REGION}.api.azureml.ms"


class Workspace:
    """One workspace.

    Attributes:
        id: The ARM id of the workspace.
        resources: Its resources.
        jobs: The jobs among them.
    """

    def __init__(self, subscription: str, resource_group: str, name: str, azurite: Azurite):
        """Make a workspace with computes and datastores, and nothing else."""
        self.subscription, self.resource_group, self.name = subscription, resource_group, name
        self.id = (
            f"/subscriptions/{subscription}/resourceGroups/{resource_group}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{name}"
        )
        self.resources = Resources(self.id)
        self._assets = Assets(self.resources, azurite)
        self.container, self.artifacts = f"azureml-blobstore-{name}", f"azureml-{name}"
        self.jobs = Jobs(self.resources, RunFiles(azurite, self.artifacts))
        for container in (self.container, self.artifacts):
            azurite.make_container(container)
        self._put_datastore("workspaceblobstore", self.container, is_default=True)
        self._put_datastore("workspaceartifactstore", self.artifacts, is_default=False)
        for compute, vm_size in (("cpu-cluster", "STANDARD_DS3_V2"), ("gpu-cluster", "STANDARD_NC6S_V3")):
            self.add_cluster(compute, vm_size)
        self.add_kubernetes("k8s-cluster")

    def answer(self, request: Request) -> Answer | None:
        """Answer a request for ARM about this workspace; None if there is no answer."""
        path = request.path.rstrip("/")
        if "/mfeOperationResults/" in path:
            return self._answer_operation(request, path.rsplit("/", 1)[1])
        if path.lower() == self.id.lower():
            return json_answer(self._itself()) if request.method == "GET" else None
        if not path.lower().startswith(f"{self.id.lower()}/"):
            return self._no_workspace(path) if "/workspaces/" in path else None
        path = path[len(self.id) + 1 :]
        kind = path.split("/")[0]
        if kind == "jobs":
            return self._answer_job(request, path)
        if request.method == "GET":
            return self._answer_get(request, path)
        if request.method == "PUT" and kind in KINDS and path.count("/") == 1:  # the container of the versions
            return json_answer(self.resources.put(path, request.json["properties"]))
        if request.method == "PUT" and kind in KINDS:
            specification = request.json["properties"].get("componentSpec") or {}
            return refuse_dangling(specification) or self._assets.put(request, path)
        if request.method == "POST" and path.endswith("/startPendingUpload"):
            return self._assets.start_upload(path)
        if request.method == "POST" and path.endswith("/listSecrets"):
            return json_answer({"secretsType": "AccountKey", "key": azurite.KEY})
        return None

    def _answer_get(self, request: Request, path: str) -> Answer | None:
        resource = self.resources.by_path.get(path)
        if resource is not None:
            return json_answer(resource)
        kind = path.split("/")[0]
        if path.count("/") % 2 == 1:
            return (
                Answer(404) if kind == "computes" else self._assets.not_found(path)
            )  # with an empty body, as recorded
        found = self.resources.children(path)
        if path in KINDS:  # Azure does not list the containers that it makes for anonymous assets
            anonymous = (ANONYMOUS_COMPONENT, ANONYMOUS_ENVIRONMENT)
            found = [resource for resource in found if resource["name"] not in anonymous]
        if wanted := request.query.get(
            "hash"
        ):  # the client looks for uploaded code by its hash, under an invented name
            found = [code for code in self.resources.of_kind("codes") if _hash_of(code) == wanted]
        if request.query.get("isDefault") == "true":
            found = [datastore for datastore in found if datastore["properties"]["isDefault"]]
        if top := request.query.get("$top"):
            found = found[: int(top)]
        return json_answer({"value": found})

    def _answer_job(self, request: Request, path: str) -> Answer | None:
        parts = path.split("/")
        if request.method == "GET" and len(parts) == 1:
            return json_answer({"value": self.resources.children("jobs")})
        name = parts[1] if len(parts) > 1 else ""
        if request.method == "PUT" and len(parts) == 2:
            properties = request.json["properties"]
            if missing := self._missing_compute(properties):
                return service_error(400, f"Unknown compute target '{missing}'.")
            if missing := self._missing_component(properties):
                component, version = missing.split("/")[-3::2]
                message = f"key: {missing}, Message: Not found component {component} (version: {version})."
                return service_error(404, message, code="NotFound")
            return refuse_dangling(properties) or self.jobs.submit(name, properties, request.url)
        if request.method == "GET" and len(parts) == 2 and self.jobs.is_child(name):
            return json_answer(self.jobs.child_resource(name))
        if name not in self.jobs:
            return service_error(404, f"Job {name} not found.", "NotFound")
        if request.method == "GET" and len(parts) == 2:
            self.jobs.asked(name, request.target)
            return json_answer(self.resources.by_path[path])
        if request.method == "POST" and parts[2:] == ["cancel"]:
            version = request.query["api-version"]
            operation = f"jc:{WORKSPACE_ID}:{name}?api-version={version}"
            place = f"/subscriptions/{self.subscription}/providers/Microsoft.MachineLearningServices/locations/{REGION}"
            return self.jobs.cancel(name, f"https://{HOST}{place}/mfeOperationResults/{operation}")
        return None

    def _answer_operation(self, request: Request, operation: str) -> Answer | None:
        """Answer whether a cancel request is done: no at the first request, yes at the second."""
        name = operation.rsplit(":", 1)[1]
        if request.method != "GET" or name not in self.jobs:
            return None
        return Answer(200) if self.jobs.cancel_is_passed_on(name) else json_answer({}, 202, Location=request.url)

    def _missing_compute(self, properties: dict[str, Any]) -> str | None:
        nodes = (properties.get("jobs") or {}).values()
        wanted = [node.get("computeId") for node in nodes]
        wanted += [properties.get("computeId"), (properties.get("settings") or {}).get("default_compute")]
        known = {*self.resources.by_path, "computes/serverless"}  # Azure's own compute, which it does not list
        for compute in wanted:
            if compute and "/" in compute and compute.removeprefix(f"{self.id}/") not in known:
                return compute.rsplit("/", 1)[1]
        return None

    def _missing_component(self, properties: dict[str, Any]) -> str | None:
        wanted = [node.get("componentId") or "" for node in (properties.get("jobs") or {}).values()]
        ours = [component for component in wanted if component.startswith(f"{self.id}/")]
        known = self.resources.by_path
        return next((component for component in ours if component.removeprefix(f"{self.id}/") not in known), None)

    def add_cluster(self, name: str, vm_size: str = "STANDARD_DS3_V2", max_nodes: int = 4) -> None:
        """Add a cluster of virtual machines."""
        computes.add_cluster(self.resources, name, vm_size, max_nodes)

    def add_kubernetes(self, name: str, instance_types: tuple[str, ...] = ("defaultinstancetype",)) -> None:
        """Attach a Kubernetes cluster."""
        computes.add_kubernetes(self.resources, name, instance_types)

    def _put_datastore(self, name: str, container: str, *, is_default: bool) -> None:
        properties = {
            "description": None,
            "tags": None,
            "properties": None,
            "isDefault": is_default,
            "credentials": {"credentialsType": "AccountKey"},
            "datastoreType": "AzureBlob",
            "accountName": azurite.ACCOUNT,
            "containerName": container,
            "endpoint": "core.windows.net",
            "protocol": "https",
            "serviceDataAccessAuthIdentity": "WorkspaceSystemAssignedIdentity" if is_default else "None",
        }
        self.resources.put(f"datastores/{name}", properties)

    def _itself(self) -> dict[str, Any]:
        group = self.id.split("/providers/")[0]
        return {
            "id": self.id,
            "name": self.name,
            "type": "Microsoft.MachineLearningServices/workspaces",
            "location": REGION,
            "tags": {},
            "etag": None,
            "properties": {
                "friendlyName": self.name,
                "description": "",
                "storageAccount": f"{group}/providers/Microsoft.Storage/storageAccounts/{azurite.ACCOUNT}",
                "provisioningState": "Succeeded",
                "workspaceId": WORKSPACE_ID,
                "publicNetworkAccess": "Enabled",
                "discoveryUrl": f"https://{API_HOST}/discovery",
                "mlFlowTrackingUri": f"azureml://{API_HOST}/mlflow/v1.0{self.id}",
            },
            "identity": {"type": "SystemAssigned"},
            "kind": "Default",
            "sku": {"name": "Basic", "tier": "Basic"},
        }

    def _no_workspace(self, path: str) -> Answer:
        """Answer that the workspace does not exist. The gateway answers this, not the service."""
        resource = "/".join(path.split("/providers/")[-1].split("/")[:3])
        message = f"The Resource '{resource}' under resource group '{self.resource_group}' was not found. For more "
        return error_answer(
            404, "ResourceNotFound", f"{message}details please go to https://aka.ms/ARMResourceNotFoundFix"
        )


def _hash_of(code: Resource) -> str | None:
    return code["properties"]["properties"].get("hash_sha256")
