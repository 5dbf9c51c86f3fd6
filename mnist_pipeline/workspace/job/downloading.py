"""The outputs of jobs and of their nodes, brought to this machine."""

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

_ARTIFACTS = "default"  # the output that Azure gives to every job: logs, mostly


@dataclass(frozen=True)
class Amount:
    """How much there is in a folder.

    Attributes:
        files: The number of files.
        size: Their size in bytes.
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
    """Bring an output of a job that has ended to `folder`, whole or not at all.

    Args:
        client: Of the workspace.
        name: Of the job.
        output: The output's name; `NODE.OUTPUT` for an output of a node.
        folder: A new or an empty folder. An output that is a file becomes a file in it.
        on_progress: Called from another thread, again and again, with what has arrived so far.
        seconds: Between two such calls.

    Raises:
        WorkspaceError: the output cannot be fetched, or something is in the folder already.
    """
    check_free(folder)
    node, _, port = output.rpartition(".")
    run = origin_of(client, find_node(client, name, node).job if node else name)
    written_by = f"node {node} of job {name}" if node else f"job {name}"
    with explained(f"look for output {port} of {written_by}"):
        status = text_of(client.jobs.get(run).status)
        outputs = run_outputs(client, run)
    if status not in ENDS:
        raise WorkspaceError(
            f"{written_by} is {status}, and its outputs are there when it has ended; wait for it with "
            f"`mnist-pipeline azure stream {name}`."
        )
    if port not in outputs:
        there = ", ".join(outputs.keys() - {_ARTIFACTS})
        raise WorkspaceError(
            f"{written_by} has left no output {port}; {f'there is {there}' if there else 'it has none'}."
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
        WorkspaceError: a file stands there, or a folder with something in it.
    """
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise WorkspaceError(f"{folder}: there is something already; give a new or an empty folder to download to.")


@contextmanager
def _reported(folder: Path, on_progress: Callable[[Amount], None], seconds: float) -> Iterator[None]:
    """Tell as long as the body lasts how much is in a folder; the SDK writes to it and tells nothing."""
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
