"""The workspace behind management.azure.com: assets, computes, datastores and jobs."""

from typing import Any

from . import azurite
from .azurite import Azurite
from .job import Jobs
from .message import Answer, Request, error_answer, json_answer
from .resources import Resource, Resources

HOST = "management.azure.com"
REGION = "westeurope"
API_HOST = f"{REGION}.api.azureml.ms"

_ASSETS = ("codes", "components", "environments", "data", "models")
_ANONYMOUS = ("azureml_anonymous", "CliV2AnonymousEnvironment")


class Workspace:
    """One workspace.

    Attributes:
        id: Its ARM id.
        resources: What it holds.
        jobs: The jobs among them.
    """

    def __init__(self, subscription: str, resource_group: str, name: str, azurite: Azurite):
        """Make a workspace that has computes and a datastore, and nothing else yet."""
        self.subscription, self.resource_group, self.name = subscription, resource_group, name
        self.id = (
            f"/subscriptions/{subscription}/resourceGroups/{resource_group}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{name}"
        )
        self._azurite = azurite
        self.resources = Resources(self.id)
        self.jobs = Jobs(self.resources)
        self.container = f"azureml-blobstore-{name}"
        azurite.make_container(self.container)
        self._put_datastore("workspaceblobstore")
        for compute, vm_size in (("cpu-cluster", "STANDARD_DS3_V2"), ("gpu-cluster", "STANDARD_NC6S_V3")):
            self.add_cluster(compute, vm_size)
        self.add_kubernetes("k8s-cluster")

    def answer(self, request: Request) -> Answer | None:
        """Answer what ARM is asked about this workspace; None for what it cannot answer."""
        path = request.path.rstrip("/")
        if path.lower() == self.id.lower():
            return json_answer(self._itself()) if request.method == "GET" else None
        if not path.lower().startswith(f"{self.id.lower()}/"):
            return self._not_found(path) if "/workspaces/" in path else None
        path = path[len(self.id) + 1 :]
        kind = path.split("/")[0]
        if kind == "jobs":
            return self._answer_job(request, path)
        if request.method == "GET":
            return self._answer_get(request, path)
        if request.method == "PUT" and kind in _ASSETS and path.count("/") == 1:  # what holds the versions
            return json_answer(self.resources.put(path, request.json["properties"]))
        if request.method == "PUT" and kind in _ASSETS:
            return self._put_asset(path, request.json["properties"])
        if request.method == "POST" and path.endswith("/startPendingUpload"):
            return self._start_upload(path)
        if request.method == "POST" and path.endswith("/listSecrets"):
            return json_answer({"secretsType": "AccountKey", "key": azurite.KEY})
        return None

    def _answer_get(self, request: Request, path: str) -> Answer | None:
        resource = self.resources.by_path.get(path)
        if resource is not None:
            return json_answer(resource)
        if path.count("/") % 2 == 1:
            return self._not_found(f"{self.id}/{path}")
        found = self.resources.children(path)
        if path in _ASSETS:  # the containers that Azure makes for what has no name are not listed
            found = [resource for resource in found if resource["name"] not in _ANONYMOUS]
        if wanted := request.query.get("hash"):  # the client looks for uploaded code under a name it just made up
            found = [code for code in self.resources.of_kind("codes") if _hash_of(code) == wanted]
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
                return error_answer(400, "UserError", f"Unknown compute target '{missing}'.")
            return self.jobs.submit(name, properties)
        if name not in self.jobs:
            return error_answer(404, "UserError", f"Job {name} not found in workspace {self.name}.")
        if request.method == "GET" and len(parts) == 2:
            self.jobs.asked(name, request.target)
            return json_answer(self.resources.by_path[path])
        if request.method == "POST" and parts[2:] == ["cancel"]:
            self.jobs.cancel(name)
            return Answer(200)
        return None

    def _missing_compute(self, properties: dict[str, Any]) -> str | None:
        nodes = (properties.get("jobs") or {}).values()
        wanted = [node.get("computeId") for node in nodes]
        wanted += [properties.get("computeId"), (properties.get("settings") or {}).get("default_compute")]
        known = {*self.resources.by_path, "computes/serverless"}  # Azure's own, which it does not list
        for compute in wanted:
            if compute and "/" in compute and compute.removeprefix(f"{self.id}/") not in known:
                return compute.rsplit("/", 1)[1]
        return None

    def _put_asset(self, path: str, properties: dict[str, Any]) -> Answer:
        existing = self.resources.by_path.get(path)
        kind, name, _, version = path.split("/")
        if kind == "models":  # Azure always gives them, and the client relies on it
            properties = {**properties, "flavors": properties.get("flavors") or {}}
        if existing is None:
            return json_answer(self.resources.put(path, properties), 201)
        if _without_labels(existing["properties"]) != _without_labels(properties) and kind != "data":
            message = f"{kind} {name} version {version} exists already and cannot be changed; give it another version."
            return error_answer(409, "UserError", message)
        return json_answer(self.resources.put(path, {**existing["properties"], **properties}))

    def _start_upload(self, path: str) -> Answer:
        _, name, _, _, _ = path.split("/")
        container = f"upload-{name}"[:63].rstrip("-").lower()
        uri = self._azurite.make_container(container)
        credential = {"credentialType": "SAS", "sasUri": f"{uri}?{self._azurite.signature(container)}"}
        consumption = {"blobUri": uri, "storageAccountArmId": None, "credential": credential}
        upload = {"pendingUploadId": None, "pendingUploadType": "TemporaryBlobReference"}
        return json_answer({**upload, "blobReferenceForConsumption": consumption})

    def add_cluster(self, name: str, vm_size: str = "STANDARD_DS3_V2", max_nodes: int = 4) -> None:
        """Add a cluster of virtual machines."""
        scale = {"minNodeCount": 0, "maxNodeCount": max_nodes, "nodeIdleTimeBeforeScaleDown": "PT120S"}
        details = {"vmSize": vm_size, "vmPriority": "Dedicated", "scaleSettings": scale, "osType": "Linux"}
        self._put_compute(name, "AmlCompute", details)

    def add_kubernetes(self, name: str, instance_types: tuple[str, ...] = ("defaultinstancetype",)) -> None:
        """Attach a Kubernetes cluster."""
        types = {name: {"nodeSelector": None, "resources": None} for name in instance_types}
        details = {"namespace": "azureml", "defaultInstanceType": instance_types[0], "instanceTypes": types}
        self._put_compute(name, "Kubernetes", details)

    def _put_compute(self, name: str, type_: str, details: dict[str, Any]) -> None:
        properties = {"computeType": type_, "provisioningState": "Succeeded", "properties": details}
        self.resources.put(f"computes/{name}", properties, location=REGION)

    def _put_datastore(self, name: str) -> None:
        properties = {
            "datastoreType": "AzureBlob",
            "accountName": azurite.ACCOUNT,
            "containerName": self.container,
            "endpoint": "core.windows.net",
            "protocol": "https",
            "isDefault": True,
            "credentials": {"credentialsType": "AccountKey"},
            "serviceDataAccessAuthIdentity": "None",
            "tags": {},
            "properties": {},
        }
        self.resources.put(f"datastores/{name}", properties)

    def _itself(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "type": "Microsoft.MachineLearningServices/workspaces",
            "location": REGION,
            "identity": {"type": "SystemAssigned"},
            "sku": {"name": "Basic", "tier": "Basic"},
            "tags": {},
            "properties": {
                "workspaceId": "44444444-dddd-4ddd-8ddd-444444444444",
                "friendlyName": self.name,
                "provisioningState": "Succeeded",
                "discoveryUrl": f"https://{API_HOST}/discovery",
                "mlFlowTrackingUri": f"azureml://{API_HOST}/mlflow/v1.0{self.id}",
                "publicNetworkAccess": "Enabled",
            },
        }

    def _not_found(self, path: str) -> Answer:
        group = f"under resource group '{self.resource_group}'"
        resource = path.split("/providers/")[-1]
        return error_answer(404, "ResourceNotFound", f"The Resource '{resource}' {group} was not found.")


def _hash_of(code: Resource) -> str | None:
    return (code["properties"].get("properties") or {}).get("hash_sha256")


def _without_labels(properties: dict[str, Any]) -> dict[str, Any]:
    """What of an asset can never be changed."""
    return {key: value for key, value in properties.items() if key not in ("description", "tags", "isArchived")}
