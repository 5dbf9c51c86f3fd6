"""`mnist-pipeline azure logs`."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from mnist_pipeline.cli.azure.connection import Target, workspace_options
from mnist_pipeline.cli.json_output import json_option
from mnist_pipeline.cli.table import show
from mnist_pipeline.errors import WorkspaceError

if TYPE_CHECKING:
    from mnist_pipeline.workspace.job.logs import LogFile


@click.command(short_help="Print the log of a node, or list the log files of a job.")
@workspace_options
@click.argument("job")
@click.argument("node", required=False)
@click.option("--file", help="Print this log file of the node, or of the job itself if no node is given.")
@json_option
def logs(target: Target, job: str, node: str | None, file: str | None, as_json: bool) -> None:
    """Print what NODE of JOB has printed so far. Without NODE, list the log files of the job and its nodes.

    What a node prints is in user_logs/std_log.txt. What Azure does before and after it is in system_logs.

    \b
    mnist-pipeline azure logs first-try                      list all log files
    mnist-pipeline azure logs first-try train_node           print what the training printed
    mnist-pipeline azure logs first-try train_node --json    list the log files of one node
    mnist-pipeline azure logs first-try train_node --file system_logs/lifecycler/execution-wrapper.log
    """
    from mnist_pipeline.workspace.job.logs import list_logs, read_log

    if file is not None and as_json:
        raise click.UsageError("--json lists log files and --file prints one; give only one of the two.")
    client = target.client()
    found = list_logs(client, job, node)
    if as_json or (node is None and file is None):
        show([asdict(log) for log in found], as_json=as_json, nothing=f"{job} has no log files yet.")
        return
    chosen = _choose(found, job, node, file)
    for log in chosen:
        if len(chosen) > 1:
            click.echo(f"==> {log.file} <==")
        for piece in read_log(client, log):
            click.echo(piece, nl=False)


def _choose(found: "list[LogFile]", job: str, node: str | None, file: str | None) -> "list[LogFile]":
    from mnist_pipeline.workspace.job.logs import printed_by_step

    own = [log for log in found if log.node == node]
    chosen = printed_by_step(own) if file is None else [log for log in own if log.file == file]
    if not chosen:
        whose = f"node {node} of job {job}" if node else f"job {job}"
        if not own:
            raise WorkspaceError(f"{whose} has no log files yet; try again when it is running.")
        what = f"log file {file}" if file else "log of what it printed"
        raise WorkspaceError(f"{whose} has no {what}; --file can be {', '.join(log.file for log in own)}.")
    return chosen
