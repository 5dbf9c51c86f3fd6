"""Submitting a job, once."""

import secrets
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
_REFUSALS = (401, 403, 404)  # after any other the job may stand: a retried request is refused for the first one's sake


@dataclass(frozen=True)
class SubmittedJob:
    """A job that a workspace has accepted.

    Attributes:
        name: Its name in the workspace.
        status: As Azure says.
        url: Its page in Azure ML studio; empty if the workspace did not say.
        is_new: False if it was there before.
    """

    name: str
    status: str
    url: str
    is_new: bool = True


def new_name(prefix: str) -> str:
    """Return a name for a job that no other job has: prefix, time, and a few random letters."""
    return f"{prefix}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def find_job(client: "MLClient", name: str) -> SubmittedJob | None:
    """Return the job of that name, or None if the workspace has none.

    Raises:
        WorkspaceError: the workspace does not tell.
    """
    job = _get(client, name)
    return None if job is None else _read(job, is_new=False)


def submit(client: "MLClient", job: "PipelineJob", name: str) -> SubmittedJob:
    """Submit a job under a name of our own, and never a second time where the first was accepted.

    The name goes with the request, so that the SDK's retries, and the same call made again, mean the same job. So does
    a mark of this call, by which the job is known again where the answer was lost: Azure then refuses a retried request
    because the name is taken (400, MicrosoftDocs/azure-docs 122250), or answers nothing at all.

    Args:
        client: Of the workspace.
        job: The job; the SDK changes it into what it sends.
        name: As `new_name` makes it.

    Raises:
        WorkspaceError: the job was not accepted, which may be because the name belongs to another job; or, as the
            sentence then says, it is not known whether it was.
    """
    job.name = name
    mark = secrets.token_hex(16)
    job.properties = {**(job.properties or {}), _MARK: mark}
    try:
        return _read(client.jobs.create_or_update(job), is_new=True)
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
        return _read(found, is_new=True)


def _find_after(error: Exception, client: "MLClient", name: str, sentence: str) -> "Job | None":
    try:
        return _get(client, name)
    except WorkspaceError:
        raise WorkspaceError(
            f"it is not known whether job {name} was accepted: {sentence}; run the same command once more with "
            f"--name {name}, which makes no second job."
        ) from error


def _get(client: "MLClient", name: str) -> "Job | None":
    from azure.core.exceptions import ResourceNotFoundError

    with explained(f"look for job {name}"):
        try:
            job: Job = client.jobs.get(name)
            return job
        except ResourceNotFoundError:
            return None


def _name_taken(found: "Job") -> str:
    made = found.creation_context
    by = f" by {made.created_by}" if made and made.created_by else ""
    at = f" on {made.created_at:%Y-%m-%d at %H:%M %Z}" if made and made.created_at else ""
    return (
        f"the job was not accepted: {found.name} is the name of another job, submitted{by}{at}; give another with "
        f"--name, or leave --name out."
    )


def _read(job: "Job", *, is_new: bool) -> SubmittedJob:
    return SubmittedJob(str(job.name), text_of(job.status), job.studio_url or "", is_new)
