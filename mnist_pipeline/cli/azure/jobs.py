"""`mnist-pipeline azure children` and `azure cancel`."""

from dataclasses import asdict

import click

from mnist_pipeline.cli.azure.connection import Target, workspace_options
from mnist_pipeline.cli.json_output import json_option, print_object
from mnist_pipeline.cli.table import show


@click.command(short_help="List the nodes of a job and their status.")
@workspace_options
@click.argument("job")
@json_option
def children(target: Target, job: str, as_json: bool) -> None:
    """List the nodes of JOB and their status. A new job may not list all of its nodes yet.

    \b
    mnist-pipeline azure children first-try
    mnist-pipeline azure children first-try --json
    """
    from mnist_pipeline.workspace.job.nodes import children as children_of

    rows = [asdict(child) for child in children_of(target.client(), job)]
    show(rows, as_json=as_json, nothing=f"Azure lists no nodes of {job} yet.")


@click.command(short_help="Cancel a job.")
@workspace_options
@click.argument("job")
@json_option
def cancel(target: Target, job: str, as_json: bool) -> None:
    """Ask Azure to cancel JOB. If the job has already ended, say how it ended.

    \b
    mnist-pipeline azure cancel first-try
    mnist-pipeline azure cancel first-try --json
    """
    from mnist_pipeline.workspace.job.following import cancel as cancel_job

    state, had_ended = cancel_job(target.client(), job)
    if as_json:
        print_object({**asdict(state), "had_ended": had_ended})
    elif had_ended:
        click.echo(f"{job} has already ended, with status {state.status}.")
    else:
        click.echo(f"{job} is being canceled; its status is now {state.status}.")
