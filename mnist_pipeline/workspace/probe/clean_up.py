"""Leaving a workspace as it was found, as far as Azure lets one."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mnist_pipeline.errors import WorkspaceError
from mnist_pipeline.workspace.explanation import explained
from mnist_pipeline.workspace.job.following import cancel
from mnist_pipeline.workspace.job.nodes import ENDS, NOT_RESPONDING, PAUSED
from mnist_pipeline.workspace.job.submission import find_job

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

_OVER = (*ENDS, NOT_RESPONDING, PAUSED)
_PATIENCE = 120  # seconds for a canceled job to end, so that it registers nothing after its models are archived


def clean_up(client: "MLClient", jobs: Iterable[str], models: Iterable[str], *, seconds: float = 5) -> list[str]:
    """End the jobs that go on and archive the models; return a line for each thing that is left.

    Args:
        client: Of the workspace.
        jobs: Names of jobs, also of those that may not exist.
        models: Names of models, also of those that may not exist.
        seconds: Between two looks at a job that is being canceled.
    """
    left: list[str] = []
    there = []
    for name in jobs:
        try:
            if (job := find_job(client, name)) is None:
                continue
            there.append(name)
            if job.status not in _OVER:
                cancel(client, name)
                _wait(client, name, seconds)
        except WorkspaceError as error:
            left.append(f"job {name}, which may go on: {error}")
    if there:
        left.append(f"the records of the jobs {', '.join(there)}")
        left.append("what they uploaded, some megabytes, and the images, which this package's other jobs use too")
    for name in models:
        try:
            if _archive(client, name):
                left.append(f"model {name}, archived, because Azure deletes no registered model")
        except WorkspaceError as error:
            left.append(f"model {name}: {error}")
    return left


def _wait(client: "MLClient", name: str, seconds: float) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        job = find_job(client, name)
        if job is None or job.status in _OVER:
            return
        time.sleep(seconds)
    raise WorkspaceError("it was canceled, and has not ended yet.")


def _archive(client: "MLClient", name: str) -> bool:
    from azure.core.exceptions import ResourceNotFoundError

    with explained(f"archive model {name}"):
        try:
            client.models.archive(name)
        except ResourceNotFoundError:
            return False
    return True
