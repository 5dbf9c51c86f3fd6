"""The logs of a job and of its nodes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnist_pipeline.errors import WorkspaceError
from mnist_pipeline.sdk import log_links
from mnist_pipeline.workspace.explanation import explained
from mnist_pipeline.workspace.job.nodes import children, find_node, origin_of

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

_PRINTED_BY_STEP = ("user_logs/std_log", "azureml-logs/70_driver_log")  # the current name, and that of older computes
_TIMEOUTS = (5, 120)  # seconds to connect, and to wait for the next piece
_PIECE = 1 << 16


@dataclass(frozen=True)
class LogFile:
    """A log file of a job or of one of its nodes.

    Attributes:
        node: The node's name; None for a file of the job itself.
        file: The file's name, such as `user_logs/std_log.txt`.
        job: The job's name, or the name of the node's own job.
    """

    node: str | None
    file: str
    job: str


def list_logs(client: "MLClient", name: str, node: str | None = None) -> list[LogFile]:
    """Return the log files of a job and all of its nodes, or of one node only.

    Args:
        client: The workspace's client.
        name: The job's name.
        node: The node's name; None for the job and all of its nodes.

    Raises:
        WorkspaceError: the job or the node does not exist, or the workspace cannot be read.
    """
    runs: list[tuple[str | None, str]] = [(node, find_node(client, name, node).job)] if node else [(None, name)]
    if node is None:
        runs += [(child.node, child.job) for child in children(client, name)]
    return [LogFile(of, file, run) for of, run in runs for file in sorted(_links(client, run))]


def printed_by_step(files: list[LogFile]) -> list[LogFile]:
    """Return the files with a step's own output: one for each instance that it ran on."""
    return [one for one in files if one.file.startswith(_PRINTED_BY_STEP)]


def read_log(client: "MLClient", log: LogFile) -> Iterator[bytes]:
    """Yield the content of a log file in pieces.

    Raises:
        WorkspaceError: the file cannot be read.
    """
    import requests

    link = _links(client, log.job).get(log.file)
    if link is None:
        raise WorkspaceError(f"{log.job} no longer has the log file {log.file}; list the log files again.")
    with explained(f"read {log.file}"), requests.get(link, stream=True, timeout=_TIMEOUTS) as answer:
        if not answer.ok:  # raise_for_status would show the link, which holds a signature
            raise WorkspaceError(f"cannot read {log.file}: the storage answered {answer.status_code}; try again.")
        yield from answer.iter_content(_PIECE)


def _links(client: "MLClient", run: str) -> dict[str, str]:
    run = origin_of(client, run)
    with explained(f"list the logs of job {run}"):
        return log_links(client, run)
