"""A component or a job as plain data, and as YAML."""

import io
from typing import Any

from mnist_pipeline.errors import WorkspaceError
from mnist_pipeline.sdk import declared_values, unbound_inputs, validation_errors
from mnist_pipeline.settings import Range, check_input

_FIRST = ("$schema", "type", "name", "version", "display_name", "description")
_ANONYMOUS = "CliV2AnonymousEnvironment"


def read_specification(entity: Any) -> dict[str, Any]:
    """Return the SDK's YAML of a component or job as data, without the names that the SDK invents for environments."""
    import yaml

    stream = io.StringIO()
    entity.dump(stream)
    content: dict[str, Any] = yaml.safe_load(stream.getvalue())
    _drop_invented_names(content)
    return content


def validate(entity: Any) -> None:
    """Check a job or a component without asking a workspace.

    Raises:
        WorkspaceError: the job or component is invalid.
        SettingError: a value in a job has the wrong type or is out of its range.
    """
    if errors := validation_errors(entity):
        raise WorkspaceError("; ".join(f"{place}: {message}" for place, message in errors) + ".")
    if not hasattr(entity, "jobs"):
        return
    for name, value, limits in declared_values(entity):
        check_input(name, value, Range(*limits))
    if unbound := unbound_inputs(entity):
        raise WorkspaceError(
            f"nodes use inputs of the pipeline that have no value: {', '.join(unbound)}; Azure ML may refuse this, so "
            "give each input a value, or bind no node to it."
        )


def to_yaml(specification: dict[str, Any]) -> str:
    """Return a specification as YAML that begins with the type, the name and the description."""
    import yaml

    ordered = {key: specification[key] for key in (*_FIRST, *specification) if key in specification}
    text: str = yaml.safe_dump(ordered, sort_keys=False, allow_unicode=True, width=120)
    return text


def _drop_invented_names(part: Any) -> None:
    if not isinstance(part, dict):
        return
    environment = part.get("environment")
    if isinstance(environment, dict) and environment.get("name") == _ANONYMOUS:
        del environment["name"]
        environment.pop("version", None)
    for value in part.values():
        _drop_invented_names(value)
