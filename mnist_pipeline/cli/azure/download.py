"""`mnist-pipeline azure download`, and the functions for `--download` of other commands."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mnist_pipeline.cli.azure.connection import Target, workspace_options
from mnist_pipeline.cli.json_output import json_option, print_object
from mnist_pipeline.cli.size import files_of

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

    from mnist_pipeline.workspace.job.downloading import Amount


@click.command(short_help="Download outputs of a job that has ended.")
@workspace_options
@click.argument("job")
@click.argument("outputs", nargs=-1, required=True, metavar="OUTPUT=FOLDER...")
@json_option
def download(target: Target, job: str, outputs: tuple[str, ...], as_json: bool) -> None:
    """Download outputs of JOB to new folders. The job must have ended.

    OUTPUT is an output of the pipeline, or NODE.OUTPUT for an output of one node. Each folder appears only when its
    download is complete.

    \b
    mnist-pipeline azure download first-try model=model result=result
    mnist-pipeline azure download first-try prepare_data_node.test_data=test-data
    """
    downloads = parse_downloads(outputs, "")
    download_outputs(target.client(), job, downloads, as_json=as_json)


def parse_downloads(texts: tuple[str, ...], option: str) -> dict[str, Path]:
    """Parse texts of the form OUTPUT=FOLDER and return the folder of each output.

    Args:
        texts: What the person typed.
        option: The option before each text, with a space, for messages; empty for arguments.

    Raises:
        click.UsageError: a text has another form, or an output or a folder is named twice.
        WorkspaceError: a folder is not empty.
    """
    from mnist_pipeline.workspace.job.downloading import check_free

    downloads: dict[str, Path] = {}
    for text in texts:
        output, sign, folder = text.partition("=")
        if not (output and sign and folder):
            raise click.UsageError(f"{option}{text}: the form is OUTPUT=FOLDER.")
        if output in downloads or Path(folder) in downloads.values():
            raise click.UsageError(f"{option}{text}: give each output and each folder once.")
        check_free(Path(folder))
        downloads[output] = Path(folder)
    return downloads


def download_outputs(client: "MLClient", job: str, downloads: Mapping[str, Path], *, as_json: bool) -> None:
    """Download outputs of a job and print where they are.

    Raises:
        WorkspaceError: an output cannot be downloaded.
    """
    from mnist_pipeline.workspace.job.downloading import download as fetch

    for output, folder in downloads.items():

        def tell(amount: "Amount", output: str = output) -> None:
            click.echo(f"downloading {output}: {files_of(amount.files, amount.size)} so far", err=True)

        amount = fetch(client, job, output, folder, tell)
        if as_json:
            print_object({"job": job, "output": output, "folder": folder, "files": amount.files, "bytes": amount.size})
        else:
            click.echo(f"{output} is in {folder}: {files_of(amount.files, amount.size)}")
