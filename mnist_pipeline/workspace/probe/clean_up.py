"""Remove what the probe left in the workspace, as far as Azure allows."""

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


def clean_up(
    client: "MLClient", jobs: Iterable[str], models: Iterable[str], *, seconds: float = 5, patience: float = 120
) -> list[str]:
    """Cancel the jobs that are still running and archive the models.

    Args:
        client: The workspace's client.
        jobs: Names of jobs. They need not exist.
        models: Names of models. They need not exist.
        seconds: The time between two requests about a job that is being canceled.
        patience: How many seconds to wait for a canceled job to end, so that it registers nothing after its models are
            archived.

    Returns:
        One line for each thing that is left in the workspace.
    """
    left: list[str] = []
    existing = []
    for name in jobs:
        try:
            if (job := find_job(client, name)) is None:
                continue
            existing.append(name)
            if job.status not in _OVER:
                cancel(client, name)
                _wait(client, name, seconds, patience)
        except WorkspaceError as error:
            left.append(f"job {name}, which may still be running: {error}")
    if existing:
        left.append(f"the records of the jobs {', '.join(existing)}")
        left.append("a few megabytes of uploads, and the images, which other jobs of this package use too")
    for name in models:
        try:
            if _archive(client, name):
                left.append(f"model {name}, which is archived because Azure cannot delete a registered model")
        except WorkspaceError as error:
            left.append(f"model {name}: {error}")
    return left


def _wait(client: "MLClient", name: str, seconds: float, patience: float) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        job = find_job(client, name)
        if job is None or job.status in _OVER:
            return
        time.sleep(seconds)
    raise WorkspaceError("it was canceled but has not ended yet.")


def _archive(client: "MLClient", name: str) -> bool:
    from azure.core.exceptions import ResourceNotFoundError

    with explained(f"archive model {name}"):
        try:
            client.models.archive(name)
        except ResourceNotFoundError:
            return False
    return True
