"""Turn the Azure SDK's exceptions into one sentence that says what is wrong and how to fix it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mnist_pipeline.errors import WorkspaceError

_SIGN_IN = (
    "run `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET to those of a service principal"
)
# Microsoft Entra's codes: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
_ENTRA = {
    "7000222": "the secret in AZURE_CLIENT_SECRET has expired; create a new one for the application in Microsoft Entra "
    "and set AZURE_CLIENT_SECRET to it",
    "7000215": "AZURE_CLIENT_SECRET is not a secret of the application AZURE_CLIENT_ID; set it to the secret's value, "
    "not its id, or create a new secret in Microsoft Entra",
    "700016": "the tenant AZURE_TENANT_ID has no application AZURE_CLIENT_ID; correct one of the two",
    "90002": "the tenant AZURE_TENANT_ID does not exist; set it to the tenant of the workspace's subscription",
    "900023": "AZURE_TENANT_ID is not a tenant's id; set it to the tenant of the workspace's subscription",
}
_TRY_AGAIN = "try again in a few minutes; https://azure.status.microsoft shows whether Azure has a problem"
_COLORS = re.compile(r"\x1b\[[0-9;]*m")
_MOST_WORDS = 300


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn an exception of the Azure SDK in the body into a WorkspaceError of one sentence.

    Args:
        doing: What the body does, in words that follow `cannot`, such as `list the computes`.

    Raises:
        WorkspaceError: instead of an exception of the SDK. All other exceptions pass through.
    """
    try:
        yield
    except Exception as error:
        sentence = explain(error)
        if sentence is None:
            raise
        raise WorkspaceError(f"cannot {doing}: {sentence}.") from error


def explain(error: Exception) -> str | None:
    """Return what an exception of the SDK means and how to fix it, without a full stop; None for other exceptions."""
    import requests
    from azure.ai.ml.exceptions import MlException
    from azure.core.exceptions import (
        AzureError,
        ClientAuthenticationError,
        HttpResponseError,
        ServiceRequestError,
        ServiceResponseError,
    )
    from marshmallow import ValidationError

    if isinstance(error, ClientAuthenticationError):
        return _explain_sign_in(error)
    if isinstance(error, HttpResponseError):
        return _explain_status(error)
    if isinstance(error, ServiceRequestError | ServiceResponseError | requests.ConnectionError | requests.Timeout):
        return (
            "Azure is not reachable or the connection broke; check the network, HTTPS_PROXY and the firewall, and try "
            "again"
        )
    if isinstance(error, MlException | AzureError | ValidationError | requests.RequestException):
        return words_of(str(error)) or type(error).__name__
    return None


def status_of(error: Exception) -> int | None:
    """Return the HTTP status behind an exception of the SDK, or None if Azure did not answer."""
    return getattr(error, "status_code", None)


def words_of(text: str) -> str:
    """Return a message as one line of at most about 300 characters, without colors, signatures, tokens or full stop."""
    line = " ".join(_COLORS.sub("", text).split())
    line = re.sub(r"(?i)\b(sig=)[^&\s\"']+", r"\1***", line)
    line = re.sub(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*", "***", line)
    return (f"{line[:_MOST_WORDS]}..." if len(line) > _MOST_WORDS else line).rstrip(". ")


def _explain_sign_in(error: Any) -> str:
    text = str(error)
    if code := re.search(r"AADSTS(\d+)", text):
        return _ENTRA.get(code[1], f"Microsoft Entra refused to sign in with AADSTS{code[1]}; {_SIGN_IN}")
    if "authority configuration" in text:  # how MSAL says it
        return _ENTRA["90002"]
    if "InvalidAuthenticationTokenTenant" in text or "wrong issuer" in text:
        return (
            "the token belongs to another tenant than the workspace's subscription; set AZURE_TENANT_ID to the "
            "subscription's tenant, or run `az login --tenant` with it"
        )
    if error.response is not None:
        return f"Azure refused the token ({_code_of(error)}); sign in again: {_SIGN_IN}"
    return f"not signed in to Azure; {_SIGN_IN}"


def _explain_status(error: Any) -> str:
    status, code, words = error.status_code, _code_of(error), words_of(_message_of(error))
    if status == 401:
        return f"Azure refused the token ({code}); sign in again: {_SIGN_IN}"
    if status == 403:
        storage = "blob" in str(getattr(getattr(error.response, "request", None), "url", ""))
        role = "Storage Blob Data Contributor on its storage account" if storage else "AzureML Data Scientist"
        return f"no permission ({code}); ask an owner of the workspace for the role {role}"
    if status == 404:
        return _explain_not_found(code, words)
    if status == 409:
        return f"the name is taken or Azure is busy with it ({code}: {words}); try again, or use another name"
    if status == 429:
        return "Azure received too many requests; wait a minute and try again"
    if status is not None and status >= 500:
        return f"Azure failed with status {status} ({code}); {_TRY_AGAIN}"
    answer = f"status {status}" if status else "no status"
    return f"Azure refused the request with {answer} ({code}: {words}); correct it and try again"


def _explain_not_found(code: str, words: str) -> str:
    if code == "ResourceNotFound" and "workspaces" in words:
        return f"the workspace does not exist ({words}); check the settings with `mnist-pipeline azure doctor`"
    if code == "ResourceGroupNotFound":
        return "the resource group does not exist; check the settings with `mnist-pipeline azure doctor`"
    if code == "SubscriptionNotFound":
        return "this account has no such subscription; check the settings with `mnist-pipeline azure doctor`"
    return f"not found ({words}); `mnist-pipeline azure list` shows what the workspace has"


def _code_of(error: Any) -> str:
    return str(getattr(error.error, "code", None) or getattr(error, "error_code", None) or error.reason or "no code")


def _message_of(error: Any) -> str:
    return str(getattr(error.error, "message", None) or error.reason or error.message)
