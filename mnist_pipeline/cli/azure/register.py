"""`mnist-pipeline azure register-components`."""

import os
from dataclasses import asdict

import click

from mnist_pipeline.cli.azure.connection import Target, quiet_uploads, workspace_options
from mnist_pipeline.cli.json_output import json_option, print_object


@click.command(short_help="Register the components that the workspace does not have yet.")
@workspace_options
@click.option("--version", help="Register all components under this version.")
@json_option
def register_components(target: Target, version: str | None, as_json: bool) -> None:
    """Register the package's components in the workspace, for use in its designer and in other pipelines.

    Unchanged components are skipped; changed ones need a new version. A component has changed if its interface,
    command, code or environment differs from the registered one.

    \b
    mnist-pipeline azure register-components
    mnist-pipeline azure register-components --version 2
    mnist-pipeline azure register-components --json          one JSON object per line
    """
    from mnist_pipeline import components
    from mnist_pipeline.workspace.component_registration import register
    from mnist_pipeline.workspace.secret_scan import known_secrets

    client = target.client()
    for name in components.__all__:
        component = getattr(components, name).component
        with quiet_uploads():
            registration = register(client, component, version, known_secrets(os.environ))
        if as_json:
            print_object(asdict(registration))
            continue
        outcome = "registered" if registration.is_new else "already there, unchanged"
        click.echo(f"{registration.name}:{registration.version}  {outcome}")
