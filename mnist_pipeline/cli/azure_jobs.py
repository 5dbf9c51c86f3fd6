"""`mnist-pipeline azure children` and `azure cancel`."""

from dataclasses import asdict

import click

from mnist_pipeline.cli.azure_connection import Target, workspace_options
from mnist_pipeline.cli.table import show


@click.command(short_help="List the nodes of a job and their states.")
@workspace_options
@click.argument("job")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def children(target: Target, job: str, as_json: bool) -> None:
    """List the nodes of JOB that Azure has begun with, and their states."""
    from mnist_pipeline.workspace.following import children as children_of

    rows = [asdict(child) for child in children_of(target.client(), job)]
    show(rows, as_json=as_json, nothing=f"No node of {job} has begun.")


@click.command(short_help="End a job.")
@workspace_options
@click.argument("job")
def cancel(target: Target, job: str) -> None:
    """Ask Azure to end JOB."""
    from mnist_pipeline.workspace.following import cancel as cancel_job

    cancel_job(target.client(), job)
    click.echo(f"{job} is being canceled.")
