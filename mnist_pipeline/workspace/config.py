"""Which workspace to talk to: from options, from variables, or from a file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from mnist_pipeline.errors import WorkspaceError

_FOLDERS = (".azureml", "aml_config", "")  # where and in which order MLClient.from_config looks
_FILES = ("config.json", "project.json")
_LEVELS = 20


@dataclass(frozen=True)
class _Setting:
    """The three ways to give a setting."""

    option: str
    variable: str
    key: str
    place_in_scope: int  # in the "Scope" of an older config file: /subscriptions/X/resourceGroups/Y/.../workspaces/Z


_SUBSCRIPTION = _Setting("--subscription", "AZUREML_ARM_SUBSCRIPTION", "subscription_id", 2)
_RESOURCE_GROUP = _Setting("--resource-group", "AZUREML_ARM_RESOURCEGROUP", "resource_group", 4)
_WORKSPACE = _Setting("--workspace", "AZUREML_ARM_WORKSPACE_NAME", "workspace_name", 8)


@dataclass(frozen=True)
class WorkspaceSettings:
    """The address of a workspace.

    Attributes:
        sources: Where the three were found, each once.
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
    """Return the settings; of each, what is given counts first, then its variable, then the file.

    Args:
        subscription: Its id.
        resource_group: Its name.
        workspace: Its name.
        environment: The environment variables.
        start: Folder from which a config file is looked for, upwards, as `MLClient.from_config` does.

    Raises:
        WorkspaceError: a setting is nowhere to be found, or the file cannot be read.
    """
    file = _find_file(start)
    in_file = _read(file) if file else {}
    values: list[str] = []
    sources: dict[str, None] = {}
    missing: list[_Setting] = []
    for setting, given in ((_SUBSCRIPTION, subscription), (_RESOURCE_GROUP, resource_group), (_WORKSPACE, workspace)):
        for value, source in (
            (given, "options"),
            (environment.get(setting.variable), "variables"),
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
    looked = f"{file}, which does not have it" if file else f"a config.json in {start} and the folders above"
    return (
        f"the workspace's {keys} {'is' if len(missing) == 1 else 'are'} not set: looked for in options, in variables "
        f"and in {looked}; give {options}, or set {variables}, or download config.json from the workspace's page in "
        "the Azure portal into this folder."
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
        raise WorkspaceError(f"{file}: not readable as JSON ({type(error).__name__}); {remedy}.") from error
    if not isinstance(content, dict):
        raise WorkspaceError(f"{file}: not a JSON object with subscription_id and the like; {remedy}.")
    if scope := content.get("Scope"):
        parts = str(scope).split("/")
        settings = (_SUBSCRIPTION, _RESOURCE_GROUP, _WORKSPACE)
        return {
            setting.key: parts[setting.place_in_scope] for setting in settings if len(parts) > setting.place_in_scope
        }
    return {key: str(value) for key, value in content.items() if value}
