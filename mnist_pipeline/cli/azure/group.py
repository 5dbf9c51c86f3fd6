"""`mnist-pipeline azure ...`: the same pipelines in an Azure ML workspace."""

import logging
import os
from typing import Any

import click

from mnist_pipeline.cli.azure.download import download
from mnist_pipeline.cli.azure.export import export
from mnist_pipeline.cli.azure.jobs import cancel, children
from mnist_pipeline.cli.azure.logs import logs
from mnist_pipeline.cli.azure.look import doctor, list_
from mnist_pipeline.cli.azure.probe import probe
from mnist_pipeline.cli.azure.register import register_components
from mnist_pipeline.cli.azure.stream import stream
from mnist_pipeline.cli.azure.submit import submit
from mnist_pipeline.errors import MnistPipelineError, WorkspaceError
from mnist_pipeline.workspace.secret_scan import known_secrets, redacted


class _Discreet(click.Group):
    """A group whose errors never show a secret, whatever a server put into its answer."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except MnistPipelineError as error:
            raise WorkspaceError(redacted(str(error), known_secrets(os.environ))) from None


@click.group(cls=_Discreet, short_help="Submit to Azure ML, look at a workspace, register components.")
def azure() -> None:
    """Submit pipelines to an Azure ML workspace, look at it, register components in it.

    Which workspace: options, or AZUREML_ARM_SUBSCRIPTION, AZUREML_ARM_RESOURCEGROUP and AZUREML_ARM_WORKSPACE_NAME, or
    the config.json that its page in the Azure portal offers for download. Who is asking: `az login`, or
    AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET of a service principal.

    \b
    mnist-pipeline azure doctor                                  can this machine use the workspace?
    mnist-pipeline azure submit image-classification --data ~/my-digits --dry-run
    mnist-pipeline azure submit image-classification --data azureml:digits:1 --compute cpu-cluster --stream
    mnist-pipeline azure stream JOB                              follow it again
    mnist-pipeline azure logs JOB train_node                     what a node printed
    mnist-pipeline azure download JOB result=result              bring an output here
    """
    logging.getLogger("azure").setLevel(logging.CRITICAL)  # what matters of it is said in the error, in one sentence


for command in (doctor, list_, submit, stream, children, logs, download, cancel, register_components, export, probe):
    azure.add_command(command)
