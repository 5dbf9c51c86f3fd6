"""A component or a job as plain data, and as YAML."""

import io
from typing import Any

from mnist_pipeline.errors import WorkspaceError
from mnist_pipeline.sdk import declared_values, unbound_inputs, validation_errors
from mnist_pipeline.settings import Range, check_input

_FIRST = ("$schema", "type", "name", "version", "display_name", "description")
_ANONYMOUS = "CliV2AnonymousEnvironment"


def read_specification(entity: Any) -> dict[str, Any]:
    """Return what the SDK writes of a component or a job, without the made-up names of nameless environments."""
    import yaml

    stream = io.StringIO()
    entity.dump(stream)
    content: dict[str, Any] = yaml.safe_load(stream.getvalue())
    _forget_anonymous(content)
    return content


def validate(entity: Any) -> None:
    """Check a job or a component as far as it goes without a workspace.

    Raises:
        WorkspaceError: something is wrong with it.
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
            f"nodes are bound to inputs of the pipeline that have no value: {', '.join(unbound)}; it is not known that "
            "Azure ML accepts this; give each a value, or bind no node to it."
        )


def to_yaml(specification: dict[str, Any]) -> str:
    """Return a specification as YAML, beginning with what a reader wants to know first."""
    import yaml

    ordered = {key: specification[key] for key in (*_FIRST, *specification) if key in specification}
    text: str = yaml.safe_dump(ordered, sort_keys=False, allow_unicode=True, width=120)
    return text


def _forget_anonymous(part: Any) -> None:
    if not isinstance(part, dict):
        return
    environment = part.get("environment")
    if isinstance(environment, dict) and environment.get("name") == _ANONYMOUS:
        del environment["name"]
        environment.pop("version", None)
    for value in part.values():
        _forget_anonymous(value)
