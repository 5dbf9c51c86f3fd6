"""The body of a job. The service fills in missing fields, as recorded."""

from typing import Any

from .message import REGION
from .resources import Resource, Resources


def as_answered(name: str, sent: Resource, resources: Resources) -> Resource:
    """Return the properties of a pipeline job as the service returns them before the job starts."""
    return {
        "description": sent.get("description"),
        "tags": sent.get("tags") or {},
        "properties": sent.get("properties") or {},
        "displayName": sent.get("displayName"),
        "status": "NotStarted",
        "experimentName": sent.get("experimentName"),
        "services": _services(name, resources),
        "computeId": sent.get("computeId"),
        "isArchived": sent.get("isArchived", False),
        "identity": sent.get("identity"),
        "componentId": sent.get("componentId"),
        "notificationSetting": None,
        "secretsConfiguration": None,
        "jobType": sent["jobType"],
        "settings": sent.get("settings") or {},
        "jobs": sent.get("jobs") or {},
        "inputs": {key: _input(value) for key, value in (sent.get("inputs") or {}).items()} or None,
        "outputs": {key: _output(value) for key, value in (sent.get("outputs") or {}).items()},
        "sourceJobId": None,
    }


def _input(value: Resource) -> Resource:
    mode = {} if value["jobInputType"] == "literal" else {"mode": "ReadOnlyMount"}
    return {"description": None, **mode, **_given(value)}


def _output(value: Resource) -> Resource:
    names = dict.fromkeys(("description", "uri", "assetName", "assetVersion"))
    return {**names, "mode": "ReadWriteMount", **_given(value)}


def _given(value: Resource) -> Resource:
    return {key: one for key, one in value.items() if one is not None}


def _services(name: str, resources: Resources) -> dict[str, Any]:
    studio = resources.root.replace("/resourceGroups/", "/resourcegroups/")
    studio = studio.replace("/providers/Microsoft.MachineLearningServices", "")
    endpoints = {
        "Tracking": f"azureml://{REGION}.api.azureml.ms/mlflow/v1.0{resources.root}?",
        "Studio": f"https://ml.azure.com/runs/{name}?wsid={studio}",
    }
    nothing = dict.fromkeys(("port", "status", "errorMessage", "properties", "nodes"))
    return {kind: {"jobServiceType": kind, "endpoint": endpoint, **nothing} for kind, endpoint in endpoints.items()}
