"""Download the outputs of jobs and of their nodes."""

import shlex
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

from mnist_pipeline.errors import WorkspaceError
from mnist_pipeline.sdk import fetch_output, run_outputs, text_of
from mnist_pipeline.workspace.explanation import explained
from mnist_pipeline.workspace.job.nodes import ENDS, find_node, origin_of

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

_ARTIFACTS = "default"  # an output that Azure adds to every job; it mostly holds logs


@dataclass(frozen=True)
class Amount:
    """The amount of data in a folder.

    Attributes:
        files: The number of files.
        size: Their total size in bytes.
    """

    files: int
    size: int


def download(
    client: "MLClient",
    name: str,
    output: str,
    folder: Path,
    on_progress: Callable[[Amount], None],
    *,
    seconds: float = 5,
) -> Amount:
    """Download an output of a job that has ended to `folder`, which appears only when the download is complete.

    Args:
        client: The workspace's client.
        name: The job's name.
        output: The output's name, or `NODE.OUTPUT` for an output of a node.
        folder: A new or an empty folder. If the output is a file, the folder will hold that file.
        on_progress: Called regularly from another thread with the amount downloaded so far.
        seconds: The time between two such calls.

    Raises:
        WorkspaceError: the output cannot be downloaded, or the folder is not empty.
    """
    check_free(folder)
    node, _, port = output.rpartition(".")
    run = origin_of(client, find_node(client, name, node).job if node else name)
    written_by = f"node {node} of job {name}" if node else f"job {name}"
    with explained(f"look up output {port} of {written_by}"):
        status = text_of(client.jobs.get(run).status)
        outputs = run_outputs(client, run)
    if status not in ENDS:
        raise WorkspaceError(
            f"{written_by} is {status}, and its outputs can be downloaded only after it has ended; wait for it with "
            f"`mnist-pipeline azure stream {shlex.quote(name)}`."
        )
    if port not in outputs:
        known = ", ".join(sorted(outputs.keys() - {_ARTIFACTS}))
        raise WorkspaceError(
            f"{written_by} has no output {port}; {f'choose from {known}' if known else 'it has no outputs'}."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as aside:
        fetched = Path(aside, folder.name)
        with explained(f"download output {port} of {written_by}"), _reported(fetched, on_progress, seconds):
            fetch_output(client, outputs[port], fetched)
        amount = _measure(fetched)
        if not amount.files:
            raise WorkspaceError(f"output {port} of {written_by} is empty; look at it in Azure ML studio.")
        if folder.exists():
            folder.rmdir()
        fetched.rename(folder)
    return amount


def check_free(folder: Path) -> None:
    """Check that an output can be written to `folder`.

    Raises:
        WorkspaceError: the folder is not empty, or a file has its name.
    """
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise WorkspaceError(
            f"{folder}: already exists and is not an empty folder; give a new or an empty folder to download to."
        )


@contextmanager
def _reported(folder: Path, on_progress: Callable[[Amount], None], seconds: float) -> Iterator[None]:
    """Report the amount of data in a folder while the body runs; the SDK itself reports nothing."""
    over = Event()

    def report() -> None:
        while not over.wait(seconds):
            on_progress(_measure(folder))

    thread = Thread(target=report, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _measure(folder: Path) -> Amount:
    sizes = [file.stat().st_size for file in folder.rglob("*") if file.is_file()]
    return Amount(len(sizes), sum(sizes))
