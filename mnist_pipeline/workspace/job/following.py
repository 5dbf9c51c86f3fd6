"""A job until it ends, by itself or because somebody cancels it."""

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
    """A job as a whole.

    Attributes:
        job: Its name.
        status: As Azure says: Preparing, Running, Completed and so on.
        url: Its page in Azure ML studio; empty if the workspace did not say.
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
    """Wait until a job ends. Unlike the SDK's `stream`, this also waits for a canceled job's end.

    Args:
        client: Of the workspace.
        name: Of the job.
        on_change: Called with each node's state, and then the job's own, when it is another than before.
        seconds: Between two looks.
        sleep: Waits that long.

    Raises:
        WorkspaceError: the job ended otherwise than completed, does not respond or is paused, or the workspace does
            not tell.
    """
    seen: dict[str, NodeState | JobState] = {}
    while True:
        with explained(f"follow job {name}, which goes on all the same"):
            job = _state(client.jobs.get(name))  # before its nodes, so that after its end their states are the last
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
    """Ask Azure to end a job; it takes note of that, and its end comes later.

    Returns:
        The job's state afterwards, and whether it had ended before it was asked to.

    Raises:
        WorkspaceError: there is no such job, or it cannot be canceled.
    """
    from azure.core.exceptions import HttpResponseError

    with explained(f"cancel job {name}"):
        try:
            client.jobs.begin_cancel(name, polling=False)
        except HttpResponseError as error:
            # Of a job that has ended Azure says 400, CancelPipelineRunInTerminalStatus; another 400 is an error.
            if error.status_code != 400 or (job := _state(client.jobs.get(name))).status not in (*ENDS, NOT_RESPONDING):
                raise
            return job, True
        return _state(client.jobs.get(name)), False


def _state(job: Any) -> JobState:
    return JobState(str(job.name), text_of(job.status), job.studio_url or "")


def _explain_end(job: JobState, failed: list[str]) -> str:
    name, page = job.job, job.url or "its page in Azure ML studio"
    if job.status == PAUSED:
        return (
            f"job {name} is paused; resume it on {page} and follow it with `mnist-pipeline azure stream {name}`, or "
            f"end it with `mnist-pipeline azure cancel {name}`."
        )
    if job.status == NOT_RESPONDING:
        return (
            f"job {name} does not respond: Azure hears nothing of its compute any more; look at {page}, end it with "
            f"`mnist-pipeline azure cancel {name}` and submit it again."
        )
    if job.status == CANCELED:
        return f"job {name} was canceled; see {page}."
    nodes = f" at {', '.join(failed)}" if failed else ""
    logs = " ".join(["mnist-pipeline azure logs", name, *failed[:1]])
    return f"job {name} ended as {job.status}{nodes}; `{logs}` shows why, and so does {page}."
