"""A client for a workspace, and the credential that it signs in with."""

from typing import TYPE_CHECKING

from mnist_pipeline.workspace.config import WorkspaceSettings

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.core.credentials import TokenCredential

ARM_SCOPE = "https://management.azure.com/.default"
_RETRIES = 4  # about 25 seconds when a server fails; the SDK's default of ten takes minutes


def make_credential(*, with_browser: bool) -> "TokenCredential":
    """Return a credential that tries a service principal in variables, a managed identity, `az login` and others.

    Args:
        with_browser: If nothing else works, open a browser to sign in. Use it only if a person is there to do that.
    """
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential(exclude_interactive_browser_credential=not with_browser)


def connect(settings: WorkspaceSettings, credential: "TokenCredential") -> "MLClient":
    """Return a client for the workspace. This sends no request yet.

    Args:
        settings: The address of the workspace.
        credential: Provides the tokens.
    """
    from azure.ai.ml import MLClient

    return MLClient(
        credential,
        settings.subscription,
        settings.resource_group,
        settings.workspace,
        enable_telemetry=False,  # in a notebook the SDK would report to Microsoft
        show_progress=True,  # draws progress bars; without it the SDK waits forever if an upload fails
        retry_total=_RETRIES,
    )
