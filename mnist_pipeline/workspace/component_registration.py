"""Register components, unless the workspace already has the same content."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mnist_pipeline.errors import WorkspaceError
from mnist_pipeline.sdk import code_of
from mnist_pipeline.workspace.component_content import content_of, differences, registered_content
from mnist_pipeline.workspace.explanation import explained, status_of
from mnist_pipeline.workspace.preview import refuse_secrets
from mnist_pipeline.workspace.specification import validate

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

_MAY_EXIST = (400, 409)


@dataclass(frozen=True)
class Registration:
    """A component that the workspace has.

    Attributes:
        is_new: True if it was registered just now; False if the workspace already had it.
    """

    name: str
    version: str
    is_new: bool


def register(
    client: "MLClient", component: Any, version: str | None = None, known_secrets: Iterable[str] = ()
) -> Registration:
    """Register a component under its name and version, unless the workspace already has it.

    If the workspace has that version, its interface, command, code and environment are compared with the component's.
    It does not matter which person or tool registered it.

    Args:
        client: The workspace's client.
        component: The component. It is not changed.
        version: The version to register, instead of the component's own.
        known_secrets: Secrets of this machine, which must not be uploaded.

    Raises:
        WorkspaceError: the workspace has that version with other content, or refuses the component; or the component
            is invalid or its code holds a secret.
    """
    from azure.core.exceptions import HttpResponseError

    validate(component)
    name, version = component.name, version or str(component.version)
    with explained(f"register component {name}:{version}"):
        if _is_registered(client, component, name, version):
            return Registration(name, version, is_new=False)
        client.workspaces.get(client.workspace_name)  # fails if the whole workspace is missing
        with code_of(component) as snapshot:
            if snapshot is not None:
                refuse_secrets(snapshot.files, known_secrets)
        # The SDK changes the object that it registers, and would not upload its code a second time.
        sent = copy.copy(component)
        sent.version = version
        try:
            client.components.create_or_update(sent)
        except HttpResponseError as error:
            # Somebody else registered it first, or the first answer was lost and the SDK sent the request again.
            if status_of(error) not in _MAY_EXIST or not _is_registered(client, component, name, version):
                raise
    return Registration(name, version, is_new=True)


def _is_registered(client: "MLClient", component: Any, name: str, version: str) -> bool:
    """Tell whether the workspace has the component.

    Raises:
        WorkspaceError: the workspace has that name and version with other content.
    """
    from azure.core.exceptions import ResourceNotFoundError

    try:
        registered = client.components.get(name, version)
    except ResourceNotFoundError:
        return False
    if differ := differences(content_of(component), registered_content(client, registered, component)):
        raise WorkspaceError(
            f"component {name} version {version} is already registered with different content ({', '.join(differ)}); "
            "give a new version with --version."
        )
    return True
