"""A job's nodes and their states: once, or until the job ends."""

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mnist_pipeline.errors import WorkspaceError
from mnist_pipeline.sdk import text_of
from mnist_pipeline.workspace.explanation import explained

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

COMPLETED = "Completed"
_ENDS = (COMPLETED, "Failed", "Canceled")


@dataclass(frozen=True)
class NodeState:
    """A node of a job, which Azure calls the job's child.

    Attributes:
        node: Its name in the pipeline, or what Azure shows for it.
        status: As Azure says: Queued, Running, Completed and so on.
        job: Its own name as a job.
    """

    node: str
    status: str
    job: str


def children(client: "MLClient", name: str) -> list[NodeState]:
    """Return the states of a job's nodes, of those that Azure has begun with.

    Raises:
        WorkspaceError: there is no such job, or the workspace does not tell.
    """
    with explained(f"list the nodes of job {name}"):
        found = [child for child in client.jobs.list(parent_job_name=name) if child is not None]
        return [NodeState(child.display_name or child.name, text_of(child.status), str(child.name)) for child in found]


def follow(
    client: "MLClient",
    name: str,
    on_change: Callable[[NodeState], None],
    *,
    seconds: float = 5,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until a job ends. Unlike the SDK's `stream`, this also waits for a canceled job's end.

    Args:
        client: Of the workspace.
        name: Of the job.
        on_change: Called with each node's state when it is another than before.
        seconds: Between two looks.
        sleep: Waits that long.

    Raises:
        WorkspaceError: the job ended otherwise than completed, or the workspace does not tell.
    """
    seen: dict[str, NodeState] = {}
    while True:
        with explained(f"follow job {name}, which goes on all the same"):
            job = client.jobs.get(name)  # before its nodes, so that after its end their states are the last ones
        for child in children(client, name):
            if seen.get(child.job) != child:
                seen[child.job] = child
                on_change(child)
        status = text_of(job.status)
        if status in _ENDS:
            break
        sleep(seconds)
    if status != COMPLETED:
        failed = [child.node for child in seen.values() if child.status == "Failed"]
        nodes = f" at {', '.join(failed)}" if failed else ""
        raise WorkspaceError(f"job {name} ended as {status}{nodes}; its logs are at {job.studio_url}.")


def cancel(client: "MLClient", name: str) -> None:
    """Ask Azure to end a job, and wait until it has taken note.

    Raises:
        WorkspaceError: there is no such job, or it cannot be canceled.
    """
    with explained(f"cancel job {name}"):
        client.jobs.begin_cancel(name).result()


def download(client: "MLClient", name: str, output: str, folder: Path) -> None:
    """Bring an output of a completed job to `folder`, whole or not at all.

    Raises:
        WorkspaceError: the output cannot be fetched, or something is in the folder already.
    """
    check_free(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as aside:
        with explained(f"download output {output} of job {name}"):
            client.jobs.download(name, download_path=aside, output_name=output)
        fetched = Path(aside, "named-outputs", output)  # where the SDK puts it
        if not fetched.is_dir():
            raise WorkspaceError(f"job {name} has left no output {output}; look at it in Azure ML studio.")
        if folder.exists():
            folder.rmdir()
        shutil.move(fetched, folder)


def check_free(folder: Path) -> None:
    """Check that an output can be written to `folder`.

    Raises:
        WorkspaceError: a file stands there, or a folder with something in it.
    """
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise WorkspaceError(f"{folder}: there is something already; give a new or an empty folder to download to.")
