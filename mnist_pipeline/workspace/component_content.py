"""The content of a component, local or registered, in one form so that the two can be compared.

The service returns the same content in another form (recorded in Azure/azure-sdk-for-python, component/e2etests/
`test_component_update` and `test_component_download`): every number and boolean is a string, every input has
`optional: "False"`, `instance_count: "1"` is added, and code and environment are ids.
"""

import re
from typing import TYPE_CHECKING, Any

from mnist_pipeline.sdk import code_of, registered_code_hash
from mnist_pipeline.workspace.specification import read_specification

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

Content = dict[str, Any]

# The identity of a version, and the keys that the content holds in another form.
_NOT_COMPARED = ("$schema", "id", "version", "tags", "creation_context", "code", "environment", "inputs", "outputs")
_IN_WORKSPACE = re.compile(r"(?:azureml:)?/subscriptions/.+/(?:codes|environments)/([^/]+)/versions/([^/]+)")
_BY_NAME = re.compile(r"(?:azureml:)?([^/:]+):([^/:]+)")
_ENVIRONMENT = ("image", "conda_file", "build")


def content_of(component: Any) -> Content:
    """Return the content of a local component: a mapping from names such as `inputs.epochs` to values."""
    specification = read_specification(component)
    with code_of(component) as snapshot:
        code = snapshot.sha256 if snapshot else _reference(component.code)
    return _content(specification, code, _environment(specification.get("environment")))


def registered_content(client: "MLClient", registered: Any, component: Any) -> Content:
    """Return the content of a registered component, in the same form as `content_of`.

    Args:
        client: The workspace's client. It looks up the hash of the code and the content of the environment.
        registered: What `client.components.get` returned.
        component: The local component to compare with. If it names its environment, the environments are compared by
            name, otherwise by content.
    """
    specification = read_specification(registered)
    code = registered.code
    if code and (found := _IN_WORKSPACE.fullmatch(str(code))):
        code = registered_code_hash(client, found[1], found[2])
    environment = specification.get("environment")
    if isinstance(environment, str) and (found := _IN_WORKSPACE.fullmatch(environment)):
        if isinstance(component.environment, str):
            environment = f"{found[1]}:{found[2]}"
        else:
            asset = client.environments.get(found[1], found[2])
            environment = {key: getattr(asset, key, None) for key in _ENVIRONMENT}
    return _content(specification, code, _environment(environment))


def differences(one: Content, other: Content) -> list[str]:
    """Return the sorted names of the values that differ."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def _content(specification: dict[str, Any], code: str | None, environment: Content) -> Content:
    content = {key: _plain(value) for key, value in specification.items() if key not in _NOT_COMPARED}
    if content.get("resources") == {"instance_count": "1"}:
        del content["resources"]
    for kind in ("inputs", "outputs"):
        for name, port in (specification.get(kind) or {}).items():
            content[f"{kind}.{name}"] = _port(port)
    return {**content, **environment, "code": code}


def _environment(environment: Any) -> Content:
    if isinstance(environment, dict):
        return {f"environment.{key}": environment[key] for key in _ENVIRONMENT if environment.get(key) is not None}
    return {"environment": _reference(environment)}


def _reference(reference: Any) -> str | None:
    """Return `NAME:VERSION`, or the text as it is if it points to a registry or has no version."""
    found = _BY_NAME.fullmatch(str(reference))
    return None if reference is None else f"{found[1]}:{found[2]}" if found else str(reference)


def _port(port: dict[str, Any]) -> Content:
    number = port.get("type") in ("integer", "number")
    return {
        key: _number(value) if number and key in ("default", "min", "max") else _plain(value)
        for key, value in port.items()
        if not (key == "optional" and _plain(value) == "false")
    }


def _number(value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    text = str(value).strip()
    return text.lower() if text in ("True", "False") else text
