"""The assets of a workspace. The service adds, drops and reformats fields of what a client sends, as recorded."""

import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import yaml

from .azurite import Azurite
from .message import Answer, Request, json_answer, service_error
from .resources import Resource, Resources

KINDS = ("codes", "components", "environments", "data", "models")
ANONYMOUS_COMPONENT = "azureml_anonymous"
ANONYMOUS_ENVIRONMENT = "CliV2AnonymousEnvironment"

_LABELS = ("description", "display_name", "tags")  # these fields of a component can change under the same version


class Assets:
    """The assets among a workspace's resources."""

    def __init__(self, resources: Resources, azurite: Azurite):
        """Store the assets in `resources`, and their files in Azurite."""
        self._resources, self._azurite = resources, azurite

    def put(self, request: Request, path: str) -> Answer:
        """Register an asset, or change the fields that may change."""
        kind, name, _, version = path.split("/")
        properties = _RESPELLED[kind](request.json["properties"], self._resources)
        if name == ANONYMOUS_COMPONENT:  # the service recognizes the same content under any name
            path = f"{kind}/{name}/versions/{uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(properties, sort_keys=True))}"
        existing = self._resources.by_path.get(path)
        if existing is None:
            return json_answer(self._resources.put(path, properties), 201, Location=request.url)
        if name in (ANONYMOUS_COMPONENT, ANONYMOUS_ENVIRONMENT):
            return json_answer(existing, 201, Location=request.url)
        old = existing["properties"]
        if kind == "components":
            if changed := _changed(old["componentSpec"], properties["componentSpec"]):
                message = f'Failed to update component {name} since field "{changed}" is immutable, try specifying a '
                message += "new version."
                return service_error(400, message, "BadArgument", "ArgumentInvalid", "UpdateComponentFailed")
        elif changed := _changed(old, properties):
            return service_error(400, _TAKEN.format(kind, version, name, changed))
        return json_answer(self._resources.put(path, properties))

    def start_upload(self, path: str) -> Answer:
        """Give the client a new container for the files of an asset, and a signature for it."""
        name = path.split("/")[1]
        container = f"upload-{name}"[:63].rstrip("-").lower()
        uri = self._azurite.make_container(container)
        credential = {"credentialType": "SAS", "sasUri": f"{uri}?{self._azurite.signature(container)}"}
        storage = "/subscriptions/0/resourceGroups/0/providers/Microsoft.Storage/storageAccounts/standinstore"
        blob_uri = uri.replace(".net/", ".net:443/")
        consumption = {"blobUri": blob_uri, "storageAccountArmId": storage, "credential": credential}
        upload = {"pendingUploadId": str(uuid.uuid4()), "pendingUploadType": "None"}
        return json_answer({**upload, "blobReferenceForConsumption": consumption})

    def not_found(self, path: str) -> Answer:
        """Answer that the asset does not exist. The answer is recorded for components and used for all kinds."""
        kind, name = path.split("/")[:2]
        word = kind.removesuffix("s")
        return service_error(404, f"Not found {word} {name}.", "NotFound", f"{word.capitalize()}NotFound")


_TAKEN = (
    "A version of this name exists already in {}. If you are trying to change version {} of {}, its {} cannot be "
    "changed; only description and tags can."
)


def _changed(old: Resource, new: Resource) -> str | None:
    """Return the first field that differs and must not change; None if there is none."""
    for field in sorted({*old, *new} - {*_LABELS, "isArchived"}):
        if old.get(field) != new.get(field):
            return field
    return None


def _common(sent: Resource) -> Resource:
    return {
        "description": sent.get("description"),
        "tags": sent.get("tags") or {},
        "properties": _texts(sent.get("properties") or {}),
        "isArchived": sent.get("isArchived", False),
        "isAnonymous": sent.get("isAnonymous", False),
    }


def _code(sent: Resource, _: Resources) -> Resource:
    return {**_common(sent), "codeUri": sent["codeUri"], "provisioningState": "Succeeded"}


def _component(sent: Resource, _: Resources) -> Resource:
    """Make every number and boolean a string, say of each input whether it is optional, and default to one instance.

    The description stays only in the specification, and the instance type is dropped.
    """
    given = sent["componentSpec"]
    specification = {key: value for key, value in given.items() if key not in ("_source", "id", "jobs")}
    for one in (specification.get("inputs") or {}).values():
        one.setdefault("optional", False)
    if specification["type"] == "command":
        resources = specification.get("resources") or {}
        specification["resources"] = {"instance_count": resources.get("instance_count") or 1}
    specification = _texts(specification)
    if "jobs" in given:
        specification["jobs"] = given["jobs"]
    return {**_common(sent), "description": None, "componentSpec": specification}


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _texts(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_texts(one) for one in value]
    return value if value is None else str(value)


def _environment(sent: Resource, _: Resources) -> Resource:
    """Return the conda file as JSON."""
    conda_file = sent.get("condaFile")
    return {
        **_common(sent),
        "environmentType": "UserCreated",
        "image": sent.get("image"),
        "condaFile": json.dumps(yaml.safe_load(conda_file), indent=2) if conda_file else "",
        "osType": "Linux",
    }


def _data(sent: Resource, resources: Resources) -> Resource:
    """Put the workspace in front of a path on a datastore."""
    uri = re.sub(r"^azureml://datastores/", f"{resources.short_uri}/datastores/", sent["dataUri"])
    return {**_common(sent), "dataUri": uri, "dataType": sent["dataType"]}


def _model(sent: Resource, _: Resources) -> Resource:
    """Always return flavors; the client relies on them."""
    return {**sent, **_common(sent), "flavors": sent.get("flavors") or {}}


_RESPELLED: dict[str, Callable[[Resource, Resources], Resource]] = {
    "codes": _code,
    "components": _component,
    "environments": _environment,
    "data": _data,
    "models": _model,
}
