"""A client for a workspace, and the credential that it shows."""

from typing import TYPE_CHECKING

from mnist_pipeline.workspace.config import WorkspaceSettings

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.core.credentials import TokenCredential

ARM_SCOPE = "https://management.azure.com/.default"
_RETRIES = 4  # some 25 seconds of patience with a server that fails; the SDK's own ten take minutes


def make_credential(*, with_browser: bool) -> "TokenCredential":
    """Return the credential: a service principal in variables, a managed identity, `az login` and others, in turn.

    Args:
        with_browser: In the end, open a browser to sign in. Only where there is a person to do so.
    """
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential(exclude_interactive_browser_credential=not with_browser)


def connect(settings: WorkspaceSettings, credential: "TokenCredential") -> "MLClient":
    """Return a client for the workspace; nothing is asked of the workspace yet.

    Args:
        settings: The address of the workspace.
        credential: Gives the tokens.
    """
    from azure.ai.ml import MLClient

    return MLClient(
        credential,
        settings.subscription,
        settings.resource_group,
        settings.workspace,
        enable_telemetry=False,  # in a notebook the SDK would report to Microsoft
        show_progress=True,  # it draws bars; without it the SDK waits forever when the upload of a file fails
        retry_total=_RETRIES,
    )
