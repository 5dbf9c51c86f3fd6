"""`mnist-pipeline azure ...`: the pipelines in an Azure ML workspace."""

import logging
import os
from typing import Any

import click

from mnist_pipeline.cli.azure.download import download
from mnist_pipeline.cli.azure.export import export
from mnist_pipeline.cli.azure.inspection import doctor, list_
from mnist_pipeline.cli.azure.jobs import cancel, children
from mnist_pipeline.cli.azure.logs import logs
from mnist_pipeline.cli.azure.probe import probe
from mnist_pipeline.cli.azure.register import register_components
from mnist_pipeline.cli.azure.stream import stream
from mnist_pipeline.cli.azure.submit import submit
from mnist_pipeline.errors import MnistPipelineError, WorkspaceError
from mnist_pipeline.workspace.secret_scan import known_secrets, redacted


class _RedactingGroup(click.Group):
    """A group that hides secrets in its error messages, even if a server quotes one in its answer."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except MnistPipelineError as error:
            raise WorkspaceError(redacted(str(error), known_secrets(os.environ))) from None


@click.group(cls=_RedactingGroup, short_help="Submit pipelines to Azure ML, follow jobs, register components.")
def azure() -> None:
    """Run the pipelines in an Azure ML workspace: submit jobs, follow them, download outputs, register components.

    To choose the workspace, download config.json from the workspace's page in the Azure portal into this folder or one
    above it. Or set AZUREML_ARM_SUBSCRIPTION, AZUREML_ARM_RESOURCEGROUP and AZUREML_ARM_WORKSPACE_NAME. Or give each
    command the options --subscription, --resource-group and --workspace, which win over the rest.

    To sign in, run `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET to those of a service
    principal. Then `mnist-pipeline azure doctor` tells you whether everything works.

    \b
    mnist-pipeline azure doctor                                  check the settings and the connection
    mnist-pipeline azure submit image-classification --data ~/my-digits --dry-run
    mnist-pipeline azure submit image-classification --data azureml:digits:1 --compute cpu-cluster --stream
    mnist-pipeline azure stream JOB                              follow a job again
    mnist-pipeline azure logs JOB train_node                     print the log of a node
    mnist-pipeline azure download JOB result=result              download an output
    """
    logging.getLogger("azure").setLevel(logging.CRITICAL)  # our own error says it in one sentence


for command in (doctor, list_, submit, stream, children, logs, download, cancel, register_components, export, probe):
    azure.add_command(command)
