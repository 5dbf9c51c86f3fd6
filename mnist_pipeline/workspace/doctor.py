"""Whether a workspace can be used from here, step by step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnist_pipeline.errors import WorkspaceError
from mnist_pipeline.workspace.config import WorkspaceSettings
from mnist_pipeline.workspace.connection import ARM_SCOPE
from mnist_pipeline.workspace.explanation import explained

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.core.credentials import TokenCredential


@dataclass(frozen=True)
class Check:
    """A check and how it went.

    Attributes:
        passed: None if it was left out because an earlier one failed.
        finding: What was found, or what is wrong and what to do about it.
    """

    name: str
    passed: bool | None
    finding: str


def examine(
    find_settings: Callable[[], WorkspaceSettings],
    make_credential: Callable[[], "TokenCredential"],
    connect: Callable[[WorkspaceSettings, "TokenCredential"], "MLClient"],
) -> list[Check]:
    """Check configuration, credential, workspace and computes; after a failure the rest is left out.

    Args:
        find_settings: Finds the settings or raises WorkspaceError.
        make_credential: Makes the credential.
        connect: Makes a client for the settings.
    """
    checks: list[Check] = []
    settings: WorkspaceSettings | None = None
    token_credential = make_credential()

    def client() -> "MLClient":
        assert settings is not None  # its check goes before those that connect
        return connect(settings, token_credential)

    def configuration() -> str:
        nonlocal settings
        settings = find_settings()
        return f"{settings.workspace} in {settings.resource_group}, from {', '.join(settings.sources)}"

    def credential() -> str:
        with explained("get a token"):
            token_credential.get_token(ARM_SCOPE)
        return "got a token"

    def workspace() -> str:
        with explained("look at the workspace"):
            found = client().workspaces.get()
        return f"{found.name} in {found.location}"

    def computes() -> str:
        with explained("list the computes"):
            found = [f"{compute.name} ({compute.type})" for compute in client().compute.list()]
        return ", ".join(found) or "none, so submit with --compute serverless"

    for check in (configuration, credential, workspace, computes):
        if checks and not checks[-1].passed:
            checks.append(Check(check.__name__, None, "left out"))
            continue
        try:
            checks.append(Check(check.__name__, True, check()))
        except WorkspaceError as error:
            checks.append(Check(check.__name__, False, str(error)))
    return checks
