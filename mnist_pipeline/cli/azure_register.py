"""`mnist-pipeline azure register-components`."""

import os

import click

from mnist_pipeline.cli.azure_connection import Target, quiet_uploads, workspace_options


@click.command(short_help="Register the components, each content once.")
@workspace_options
@click.option("--version", help="Register under this version in place of the components' own.")
def register_components(target: Target, version: str | None) -> None:
    """Register the package's components in the workspace, for use in its designer and in other pipelines.

    What is there with the same content is left alone. What was changed needs a new version.
    """
    from mnist_pipeline import components
    from mnist_pipeline.workspace.registration import register
    from mnist_pipeline.workspace.secret_scan import known_secrets

    client = target.client()
    for name in components.__all__:
        component = getattr(components, name).component
        with quiet_uploads():
            registration = register(client, component, version, known_secrets(os.environ))
        outcome = "registered" if registration.is_new else "there already, unchanged"
        click.echo(f"{registration.name}:{registration.version}  {outcome}")
