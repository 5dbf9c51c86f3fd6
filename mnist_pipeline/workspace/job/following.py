"""Follow a job until it ends, or cancel it."""

import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mnist_pipeline.errors import WorkspaceError
from mnist_pipeline.sdk import text_of
from mnist_pipeline.workspace.explanation import explained
from mnist_pipeline.workspace.job.nodes import CANCELED, COMPLETED, ENDS, NOT_RESPONDING, PAUSED, NodeState, children

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


@dataclass(frozen=True)
class JobState:
    """The state of a whole job.

    Attributes:
        job: The job's name.
        status: Azure's word for it: Preparing, Running, Completed and so on.
        url: The job's page in Azure ML studio; empty if Azure did not give one.
    """

    job: str
    status: str
    url: str


def follow(
    client: "MLClient",
    name: str,
    on_change: Callable[[NodeState | JobState], None],
    *,
    seconds: float = 5,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until a job ends. Unlike the SDK's `stream`, this also waits until a canceled job has ended.

    Args:
        client: The workspace's client.
        name: The job's name.
        on_change: Called with the state of a node, or of the job, each time it has changed.
        seconds: The time between two requests.
        sleep: Waits that long.

    Raises:
        WorkspaceError: the job did not complete, does not respond or is paused, or the workspace cannot be read.
    """
    seen: dict[str, NodeState | JobState] = {}
    while True:
        with explained(f"follow job {name}, which keeps running"):
            job = _state(client.jobs.get(name))  # before its nodes: once the job has ended, their states are final
        nodes = children(client, name)
        states: list[NodeState | JobState] = [*nodes, job]
        for state in states:
            if seen.get(state.job) != state:
                seen[state.job] = state
                on_change(state)
        if job.status == COMPLETED:
            return
        if job.status in (*ENDS, NOT_RESPONDING, PAUSED):
            raise WorkspaceError(_explain_end(job, [child.node for child in nodes if child.status == "Failed"]))
        sleep(seconds)


def cancel(client: "MLClient", name: str) -> tuple[JobState, bool]:
    """Ask Azure to cancel a job. The job ends some time later.

    Returns:
        The job's state after the request, and whether it had already ended before it.

    Raises:
        WorkspaceError: the job does not exist or cannot be canceled.
    """
    from azure.core.exceptions import HttpResponseError

    with explained(f"cancel job {name}"):
        try:
            client.jobs.begin_cancel(name, polling=False)
        except HttpResponseError as error:
            # If the job has ended, Azure answers 400, CancelPipelineRunInTerminalStatus. Any other 400 is an error.
            if error.status_code != 400 or (job := _state(client.jobs.get(name))).status not in (*ENDS, NOT_RESPONDING):
                raise
            return job, True
        return _state(client.jobs.get(name)), False


def _state(job: Any) -> JobState:
    return JobState(str(job.name), text_of(job.status), job.studio_url or "")


def _explain_end(job: JobState, failed: list[str]) -> str:
    name, page = job.job, job.url or "its page in Azure ML studio"
    quoted = shlex.quote(name)
    if job.status == PAUSED:
        return (
            f"job {name} is paused; resume it on {page} and follow it with `mnist-pipeline azure stream {quoted}`, or "
            f"cancel it with `mnist-pipeline azure cancel {quoted}`."
        )
    if job.status == NOT_RESPONDING:
        return (
            f"job {name} does not respond: Azure has lost contact with its compute; look at {page}, cancel it with "
            f"`mnist-pipeline azure cancel {quoted}` and submit it again."
        )
    if job.status == CANCELED:
        return f"job {name} was canceled; see {page}."
    nodes = f" at {', '.join(failed)}" if failed else ""
    logs = shlex.join(["mnist-pipeline", "azure", "logs", name, *failed[:1]])
    return f"job {name} ended with status {job.status}{nodes}; `{logs}` shows why, and so does {page}."
