"""Registering components, each content once."""

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
    """A component as it is in the workspace.

    Attributes:
        is_new: Whether it was registered just now, or was there with the same content.
    """

    name: str
    version: str
    is_new: bool


def register(
    client: "MLClient", component: Any, version: str | None = None, known_secrets: Iterable[str] = ()
) -> Registration:
    """Register a component under its name and version, unless the workspace has it already.

    What the workspace has is compared with the component: interface, command, code and environment. It does not matter
    who registered it, or with what.

    Args:
        client: Of the workspace.
        component: The component; it stays as it is.
        version: In place of the component's own.
        known_secrets: Secrets of this machine that must not be uploaded.

    Raises:
        WorkspaceError: the workspace has another content under that version, or refuses the component; or the
            component is not valid or has a secret in its code.
    """
    from azure.core.exceptions import HttpResponseError

    validate(component)
    name, version = component.name, version or str(component.version)
    with explained(f"register component {name}:{version}"):
        if _is_registered(client, component, name, version):
            return Registration(name, version, is_new=False)
        client.workspaces.get(client.workspace_name)  # fails if it is the workspace that is missing
        with code_of(component) as snapshot:
            if snapshot is not None:
                refuse_secrets(snapshot.files, known_secrets)
        # The SDK changes what it registers: a second use of the same object would not upload its code again.
        sent = copy.copy(component)
        sent.version = version
        try:
            client.components.create_or_update(sent)
        except HttpResponseError as error:
            # Somebody else was faster, or the answer to a first request was lost and the SDK sent it again.
            if status_of(error) not in _MAY_EXIST or not _is_registered(client, component, name, version):
                raise
    return Registration(name, version, is_new=True)


def _is_registered(client: "MLClient", component: Any, name: str, version: str) -> bool:
    """Tell whether the workspace has the component.

    Raises:
        WorkspaceError: it has another one under that name and version.
    """
    from azure.core.exceptions import ResourceNotFoundError

    try:
        registered = client.components.get(name, version)
    except ResourceNotFoundError:
        return False
    if differ := differences(content_of(component), registered_content(client, registered, component)):
        raise WorkspaceError(
            f"component {name} is registered under version {version} already, with another {', '.join(differ)}; give "
            "it a new version with --version."
        )
    return True
