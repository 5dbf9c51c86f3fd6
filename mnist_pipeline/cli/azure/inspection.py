"""`mnist-pipeline azure doctor` and `azure list`."""

import click

from mnist_pipeline.cli.azure.connection import Target, workspace_options
from mnist_pipeline.cli.json_output import json_option
from mnist_pipeline.cli.table import show
from mnist_pipeline.errors import WorkspaceError
from mnist_pipeline.workspace.listing import KINDS

_STATES = {True: "ok", False: "failed", None: "-"}


@click.command(short_help="Check whether this machine can use the workspace.")
@workspace_options
@json_option
def doctor(target: Target, as_json: bool) -> None:
    """Check the configuration, the credential, the workspace and its computes. If one fails, say how to fix it.

    \b
    mnist-pipeline azure doctor
    mnist-pipeline azure doctor --json           "passed" is true, false, or null if the check was skipped
    """
    from mnist_pipeline.workspace.connection import connect
    from mnist_pipeline.workspace.doctor import diagnose

    checks = diagnose(target.settings, target.credential, connect)
    for_programs = [{"check": check.name, "passed": check.passed, "finding": check.finding} for check in checks]
    for_people = [{"check": check.name, "state": _STATES[check.passed], "finding": check.finding} for check in checks]
    show(for_programs if as_json else for_people, as_json=as_json, nothing="")
    for check in checks:
        if check.passed is False:
            raise WorkspaceError(f"the {check.name} check failed; the table above says what to do.")


@click.command("list", short_help="List what is in the workspace.")
@workspace_options
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--limit", default=50, show_default=True, type=click.IntRange(min=1), help="List at most this many.")
@json_option
def list_(target: Target, kind: str, limit: int, as_json: bool) -> None:
    """List one kind of thing in the workspace. Jobs come newest first.

    \b
    mnist-pipeline azure list computes
    mnist-pipeline azure list jobs --limit 10 --json
    """
    from mnist_pipeline.workspace.listing import list_rows

    show(list_rows(target.client(), kind, limit), as_json=as_json, nothing=f"The workspace has no {kind}.")
