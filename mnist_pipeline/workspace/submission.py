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
    from azure.core.exceptions import ResourceNotFoundError

    with explained(f"look for job {name}"):
        try:
            return _read(client.jobs.get(name), is_new=False)
        except ResourceNotFoundError:
            return None


def submit(client: "MLClient", job: "PipelineJob", name: str) -> SubmittedJob:
    """Submit a job under a name of our own, and never a second time where the first was accepted.

    The name goes with the request, so that the SDK's retries, and the same call made again, mean the same job. Where
    an answer was lost the workspace is asked for the job.

    Args:
        client: Of the workspace.
        job: The job; the SDK changes it into what it sends.
        name: As `new_name` makes it.

    Raises:
        WorkspaceError: the job was not accepted; or, as the sentence then says, it is not known whether it was.
    """
    job.name = name
    try:
        return _read(client.jobs.create_or_update(job), is_new=True)
    except Exception as error:
        sentence = explain(error)
        if sentence is None:
            raise
        status = status_of(error)
        if status is not None and 400 <= status < 500 and status not in (408, 409, 429):
            raise WorkspaceError(f"the job was not accepted: {sentence}.") from error
        accepted = _find_after(error, client, name, sentence)
        if accepted is None:
            raise WorkspaceError(f"the job was not accepted: {sentence}.") from error
        return accepted


def _find_after(error: Exception, client: "MLClient", name: str, sentence: str) -> SubmittedJob | None:
    try:
        return find_job(client, name)
    except WorkspaceError:
        raise WorkspaceError(
            f"it is not known whether job {name} was accepted: {sentence}; run the same command once more with "
            f"--name {name}, which makes no second job."
        ) from error


def _read(job: "Job", *, is_new: bool) -> SubmittedJob:
    return SubmittedJob(str(job.name), text_of(job.status), job.studio_url or "", is_new)
