"""`mnist-pipeline azure stream`, and the function for `azure submit --stream`."""

import shlex
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mnist_pipeline.cli.azure.connection import Target, workspace_options
from mnist_pipeline.cli.azure.download import download_outputs, parse_downloads
from mnist_pipeline.cli.json_output import json_option, print_object

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

    from mnist_pipeline.workspace.job.following import JobState
    from mnist_pipeline.workspace.job.nodes import NodeState


@click.command(short_help="Follow a job until it ends.")
@workspace_options
@click.argument("job")
@click.option(
    "--download",
    multiple=True,
    metavar="OUTPUT=FOLDER",
    help="Download an output when the job has completed, as `azure download` does. May be repeated.",
)
@click.option(
    "--interval",
    default=5.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Seconds between two requests for the job's state.",
)
@json_option
def stream(target: Target, job: str, download: tuple[str, ...], interval: float, as_json: bool) -> None:
    """Follow JOB until it ends. Print a line each time the status of a node or of the job changes.

    The exit code is 0 if the job completed. Ctrl-C stops following; the job keeps running.

    \b
    mnist-pipeline azure stream first-try
    mnist-pipeline azure stream first-try --download result=result
    mnist-pipeline azure stream first-try --json             one JSON object per line
    """
    downloads = parse_downloads(download, "--download ")
    follow_and_download(target.client(), job, downloads, as_json=as_json, interval=interval)


def follow_and_download(
    client: "MLClient", job: str, downloads: Mapping[str, Path], *, as_json: bool, interval: float = 5
) -> None:
    """Follow a job until it ends, then download its outputs.

    Raises:
        WorkspaceError: the job did not complete, or an output cannot be downloaded.
        KeyboardInterrupt: the person pressed Ctrl-C; a message says how to follow the job again.
    """
    from mnist_pipeline.workspace.job.following import follow

    try:
        follow(client, job, _print_json if as_json else _print, seconds=interval)
    except KeyboardInterrupt:
        click.echo(
            f"The job keeps running. To follow it again: mnist-pipeline azure stream {shlex.quote(job)}. To cancel it: "
            f"mnist-pipeline azure cancel {shlex.quote(job)}",
            err=True,
        )
        raise
    download_outputs(client, job, downloads, as_json=as_json)


def _print(state: "NodeState | JobState") -> None:
    click.echo(f"{datetime.now():%H:%M:%S}  {getattr(state, 'node', state.job)}  {state.status}")
    sys.stdout.flush()


def _print_json(state: "NodeState | JobState") -> None:
    print_object({"time": datetime.now(UTC), **asdict(state)})
