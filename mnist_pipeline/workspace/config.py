"""The address of the workspace, from options, environment variables or a config file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from mnist_pipeline.errors import WorkspaceError

_FOLDERS = (".azureml", "aml_config", "")  # in the order in which MLClient.from_config looks
_FILES = ("config.json", "project.json")
_LEVELS = 20


@dataclass(frozen=True)
class _Setting:
    """The three ways to give a setting."""

    option: str
    variable: str
    key: str
    position_in_scope: int  # in the "Scope" of an old config file: /subscriptions/X/resourceGroups/Y/.../workspaces/Z


_SUBSCRIPTION = _Setting("--subscription", "AZUREML_ARM_SUBSCRIPTION", "subscription_id", 2)
_RESOURCE_GROUP = _Setting("--resource-group", "AZUREML_ARM_RESOURCEGROUP", "resource_group", 4)
_WORKSPACE = _Setting("--workspace", "AZUREML_ARM_WORKSPACE_NAME", "workspace_name", 8)


@dataclass(frozen=True)
class WorkspaceSettings:
    """The address of a workspace.

    Attributes:
        sources: Where the three values were found, each source once.
    """

    subscription: str
    resource_group: str
    workspace: str
    sources: tuple[str, ...] = ()


def find_settings(
    subscription: str | None = None,
    resource_group: str | None = None,
    workspace: str | None = None,
    *,
    environment: Mapping[str, str],
    start: Path,
) -> WorkspaceSettings:
    """Find each setting: the argument comes first, then the environment variable, then the config file.

    Args:
        subscription: The subscription's id.
        resource_group: The resource group's name.
        workspace: The workspace's name.
        environment: The environment variables.
        start: The folder where the search for a config file begins; it continues in the folders above, as
            `MLClient.from_config` does.

    Raises:
        WorkspaceError: a setting is missing, or the file cannot be read.
    """
    file = _find_file(start)
    in_file = _read(file) if file else {}
    values: list[str] = []
    sources: dict[str, None] = {}
    missing: list[_Setting] = []
    for setting, given in ((_SUBSCRIPTION, subscription), (_RESOURCE_GROUP, resource_group), (_WORKSPACE, workspace)):
        for value, source in (
            (given, "options"),
            (environment.get(setting.variable), "environment variables"),
            (in_file.get(setting.key), str(file)),
        ):
            if value:
                values.append(value)
                sources[source] = None
                break
        else:
            missing.append(setting)
    if missing:
        raise WorkspaceError(_how_to_give(missing, file, start))
    return WorkspaceSettings(values[0], values[1], values[2], tuple(sources))


def _how_to_give(missing: list[_Setting], file: Path | None, start: Path) -> str:
    keys, options, variables = (
        ", ".join(getattr(setting, way) for setting in missing) for way in ("key", "option", "variable")
    )
    it = "it" if len(missing) == 1 else "them"
    finding = f"{file} does not have {it}" if file else f"there is no config.json in {start} or the folders above it"
    return (
        f"the workspace's {keys} {'is' if len(missing) == 1 else 'are'} not set, and {finding}; download config.json "
        f"from the workspace's page in the Azure portal into this folder, or set {variables}, or give {options}."
    )


def _find_file(start: Path) -> Path | None:
    for folder, name in product(_FOLDERS, _FILES):
        for level in (start, *start.parents)[:_LEVELS]:
            if (file := level / folder / name).is_file():
                return file
    return None


def _read(file: Path) -> dict[str, str]:
    remedy = "download it again from the workspace's page in the Azure portal"
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise WorkspaceError(f"{file}: not valid JSON ({type(error).__name__}); {remedy}.") from error
    if not isinstance(content, dict):
        raise WorkspaceError(
            f"{file}: not a JSON object with subscription_id, resource_group and workspace_name; {remedy}."
        )
    if scope := content.get("Scope"):
        parts = str(scope).split("/")
        settings = (_SUBSCRIPTION, _RESOURCE_GROUP, _WORKSPACE)
        return {
            setting.key: parts[setting.position_in_scope]
            for setting in settings
            if len(parts) > setting.position_in_scope
        }
    return {key: str(value) for key, value in content.items() if value}
