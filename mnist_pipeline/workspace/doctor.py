"""A step-by-step check that this machine can use a workspace."""

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
class CheckResult:
    """The result of a check.

    Attributes:
        passed: None if the check was skipped because an earlier one failed.
        finding: What was found, or what is wrong and how to fix it.
    """

    name: str
    passed: bool | None
    finding: str


def diagnose(
    find_settings: Callable[[], WorkspaceSettings],
    make_credential: Callable[[], "TokenCredential"],
    connect: Callable[[WorkspaceSettings, "TokenCredential"], "MLClient"],
) -> list[CheckResult]:
    """Check the configuration, the credential, the workspace and its computes, and skip the rest after a failure.

    Args:
        find_settings: Finds the settings or raises WorkspaceError.
        make_credential: Makes the credential.
        connect: Makes a client for the settings.
    """
    checks: list[CheckResult] = []
    settings: WorkspaceSettings | None = None
    token_credential = make_credential()

    def client() -> "MLClient":
        assert settings is not None  # the configuration check runs before the checks that connect
        return connect(settings, token_credential)

    def configuration() -> str:
        nonlocal settings
        settings = find_settings()
        return f"{settings.workspace} in {settings.resource_group}, from {', '.join(settings.sources)}"

    def credential() -> str:
        with explained("get a token"):
            token_credential.get_token(ARM_SCOPE)
        return "signed in"

    def workspace() -> str:
        with explained("read the workspace"):
            found = client().workspaces.get()
        return f"{found.name} in {found.location}"

    def computes() -> str:
        with explained("list the computes"):
            found = [f"{compute.name} ({compute.type})" for compute in client().compute.list()]
        return ", ".join(found) or "no compute; submit with --compute serverless"

    for check in (configuration, credential, workspace, computes):
        if checks and not checks[-1].passed:
            checks.append(CheckResult(check.__name__, None, "skipped"))
            continue
        try:
            checks.append(CheckResult(check.__name__, True, check()))
        except WorkspaceError as error:
            checks.append(CheckResult(check.__name__, False, str(error)))
    return checks
