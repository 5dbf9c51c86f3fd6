"""Submit a job exactly once."""

import secrets
import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mnist_pipeline.errors import WorkspaceError
from mnist_pipeline.sdk import text_of
from mnist_pipeline.workspace.explanation import explain, explained, status_of

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import Job, PipelineJob

_MARK = "client_submission_id"
_REFUSALS = (401, 403, 404)  # after any other error the job may exist: Azure refuses a retry once the first is accepted


@dataclass(frozen=True)
class SubmittedJob:
    """A job that a workspace has accepted.

    Attributes:
        name: The job's name in the workspace.
        status: Azure's word for its state.
        url: The job's page in Azure ML studio; empty if Azure did not give one.
        is_new: False if the job was already in the workspace.
    """

    name: str
    status: str
    url: str
    is_new: bool = True


def new_name(prefix: str) -> str:
    """Return a unique name for a job: the prefix, the time, and a few random letters."""
    return f"{prefix}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def find_job(client: "MLClient", name: str) -> SubmittedJob | None:
    """Return the job of that name, or None if the workspace has none.

    Raises:
        WorkspaceError: the workspace cannot be read.
    """
    job = _get(client, name)
    return None if job is None else _submitted(job, is_new=False)


def submit(client: "MLClient", job: "PipelineJob", name: str) -> SubmittedJob:
    """Submit a job under the given name, and never create a second one.

    The name is part of the request, so the SDK's retries and a repeated call all mean the same job. The job also
    carries a mark of this call. If Azure's answer is lost, the SDK's retry is refused because the name is taken (400,
    MicrosoftDocs/azure-docs 122250), or gets no answer at all. The mark then shows that the job is ours.

    Args:
        client: The workspace's client.
        job: The job. The SDK changes it while it sends it.
        name: The job's name, for example from `new_name`.

    Raises:
        WorkspaceError: the job was not accepted, for example because the name belongs to another job; or it is
            unknown whether the job was accepted, and the message says so.
    """
    job.name = name
    mark = secrets.token_hex(16)
    job.properties = {**(job.properties or {}), _MARK: mark}
    try:
        return _submitted(client.jobs.create_or_update(job), is_new=True)
    except Exception as error:
        sentence = explain(error)
        if sentence is None:
            raise
        if status_of(error) in _REFUSALS:
            raise WorkspaceError(f"the job was not accepted: {sentence}.") from error
        found = _find_after(error, client, name, sentence)
        if found is None:
            raise WorkspaceError(f"the job was not accepted: {sentence}.") from error
        if (found.properties or {}).get(_MARK) != mark:
            raise WorkspaceError(_name_taken(found)) from error
        return _submitted(found, is_new=True)


def _find_after(error: Exception, client: "MLClient", name: str, sentence: str) -> "Job | None":
    try:
        return _get(client, name)
    except WorkspaceError:
        raise WorkspaceError(
            f"cannot tell whether job {name} was accepted: {sentence}; run the same command again with "
            f"--name {shlex.quote(name)}, which never creates a second job."
        ) from error


def _get(client: "MLClient", name: str) -> "Job | None":
    from azure.core.exceptions import ResourceNotFoundError

    with explained(f"look up job {name}"):
        try:
            job: Job = client.jobs.get(name)
            return job
        except ResourceNotFoundError:
            return None


def _name_taken(found: "Job") -> str:
    created = found.creation_context
    by = f" by {created.created_by}" if created and created.created_by else ""
    at = f" on {created.created_at:%Y-%m-%d at %H:%M %Z}" if created and created.created_at else ""
    return (
        f"the job was not accepted: another job, submitted{by}{at}, is already named {found.name}; give another name "
        "with --name, or leave --name out."
    )


def _submitted(job: "Job", *, is_new: bool) -> SubmittedJob:
    return SubmittedJob(str(job.name), text_of(job.status), job.studio_url or "", is_new)
