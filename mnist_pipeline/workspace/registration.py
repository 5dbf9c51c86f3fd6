"""Registering components, each content once."""

import copy
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mnist_pipeline.errors import WorkspaceError
from mnist_pipeline.sdk import code_of
from mnist_pipeline.workspace.explanation import explained
from mnist_pipeline.workspace.preview import refuse_secrets
from mnist_pipeline.workspace.specification import read_specification, validate

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

CONTENT_TAG = "content_sha256"
_NO_CONTENT = ("$schema", "version", "tags", "code")


@dataclass(frozen=True)
class Registration:
    """A component as it is in the workspace.

    Attributes:
        is_new: Whether it was registered just now, or was there with the same content.
    """

    name: str
    version: str
    content_sha256: str
    is_new: bool


def content_hash(component: Any) -> str:
    """Return the SHA-256 of all that a component does: its interface, command, environment and code.

    Version and tags are no content, nor is the place of the code on this machine.
    """
    specification = read_specification(component)
    content = {key: value for key, value in specification.items() if key not in _NO_CONTENT}
    with code_of(component) as snapshot:
        content["snapshot"] = snapshot.sha256 if snapshot else component.code
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def register(
    client: "MLClient", component: Any, version: str | None = None, known_secrets: Iterable[str] = ()
) -> Registration:
    """Register a component under its name and version, unless the workspace has it already.

    Args:
        client: Of the workspace.
        component: The component; it stays as it is.
        version: In place of the component's own.
        known_secrets: Secrets of this machine that must not be uploaded.

    Raises:
        WorkspaceError: the workspace has another content under that version, or refuses the component; or the
            component is not valid or has a secret in its code.
    """
    from azure.core.exceptions import ResourceNotFoundError

    validate(component)
    name, version = component.name, version or str(component.version)
    digest = content_hash(component)
    with explained(f"register component {name}:{version}"):
        try:
            registered = client.components.get(name, version)
        except ResourceNotFoundError:
            client.workspaces.get(client.workspace_name)  # fails if it is the workspace that is missing
        else:
            _check_same(registered, name, version, digest)
            return Registration(name, version, digest, is_new=False)
        with code_of(component) as snapshot:
            if snapshot is not None:
                refuse_secrets(snapshot.files, known_secrets)
        # The SDK changes what it registers: a second use of the same object would not upload its code again.
        component = copy.copy(component)
        component.version = version
        component.tags = {**component.tags, CONTENT_TAG: digest}
        client.components.create_or_update(component)
    return Registration(name, version, digest, is_new=True)


def _check_same(registered: Any, name: str, version: str, digest: str) -> None:
    found = (registered.tags or {}).get(CONTENT_TAG)
    if found == digest:
        return
    difference = (
        "it has changed since then" if found else f"without the tag {CONTENT_TAG} nobody can tell if it is the same"
    )
    raise WorkspaceError(
        f"component {name} is registered under version {version} already, and {difference}; give it a new version "
        "with --version."
    )
