"""`mnist-pipeline azure submit`."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mnist_pipeline.cli.azure_connection import Target, quiet_uploads, workspace_options
from mnist_pipeline.cli.azure_pipelines import PIPELINES, TRAIN_NODE

if TYPE_CHECKING:
    from azure.ai.ml.entities import PipelineJob

    from mnist_pipeline.workspace.computes import Placement
    from mnist_pipeline.workspace.following import NodeState
    from mnist_pipeline.workspace.preview import Preview


@click.command(short_help="Submit a pipeline to the workspace, or show what would be sent.")
@workspace_options
@click.argument("pipeline", type=click.Choice(list(PIPELINES)))
@click.option(
    "--data",
    multiple=True,
    required=True,
    metavar="DATA",
    help="wasbs://, abfss://, azureml:// or https:// URI, data asset azureml:NAME:VERSION, or a folder, which is "
    "uploaded; sample and fashion-mnist as in `mnist-pipeline run`. For a pipeline with more than one: INPUT=DATA.",
)
@click.option("--compute", default="serverless", show_default=True, help="Where the nodes run: a compute's name.")
@click.option("--train-compute", help="Where the training runs, if elsewhere.")
@click.option(
    "--instance-type",
    help="Size of virtual machine for serverless, or instance type of a Kubernetes compute; where --train-compute is "
    "given, for the training only.",
)
@click.option("--instance-count", type=click.IntRange(min=1), help="Instances for the training.")
@click.option("--experiment", help="Experiment in which the job is listed, in place of the pipeline's own.")
@click.option(
    "--set", "settings", multiple=True, metavar="INPUT=VALUE", help="Value of another input, such as epochs=3."
)
@click.option("--name", help="Name of the job; one that the workspace has already is not submitted again.")
@click.option("--dry-run", is_flag=True, help="Show what would be sent; no workspace is asked.")
@click.option("--stream", is_flag=True, help="Follow the job until it ends; the exit code is 0 if it completed.")
@click.option(
    "--download", multiple=True, metavar="OUTPUT=FOLDER", help="Bring an output here at the end; implies --stream."
)
def submit(
    target: Target,
    pipeline: str,
    data: tuple[str, ...],
    compute: str,
    train_compute: str | None,
    instance_type: str | None,
    instance_count: int | None,
    experiment: str | None,
    settings: tuple[str, ...],
    name: str | None,
    dry_run: bool,
    stream: bool,
    download: tuple[str, ...],
) -> None:
    """Submit PIPELINE to the workspace.

    \b
    mnist-pipeline azure submit image-classification --data sample --dry-run
    mnist-pipeline azure submit image-classification --data azureml:digits:1 --compute cpu-cluster \\
        --train-compute gpu-cluster --set epochs=20 --stream --download result=result
    mnist-pipeline azure submit train-evaluate-register --data train_data_asset_uri=azureml:train:1 \\
        --data test_data_asset_uri=azureml:test:1 --instance-type Standard_E4s_v3
    """
    from mnist_pipeline.cli.azure_pipelines import make_job
    from mnist_pipeline.workspace.computes import Placement, check_computes, place
    from mnist_pipeline.workspace.data import check_data
    from mnist_pipeline.workspace.preview import preview
    from mnist_pipeline.workspace.secret_scan import known_secrets
    from mnist_pipeline.workspace.submission import find_job, new_name
    from mnist_pipeline.workspace.submission import submit as submit_job

    job = make_job(pipeline, data, settings)
    default = Placement(compute, None if train_compute else instance_type)
    training = Placement(train_compute or compute, instance_type, instance_count)
    place(job, default, {TRAIN_NODE: training})
    if experiment:
        job.experiment_name = experiment
    downloads = _read_downloads(job, download)
    plan = preview(job, known_secrets(os.environ))
    if dry_run:
        click.echo(_describe(plan, [default, training]))
        return

    client = target.client()
    submitted = find_job(client, name) if name else None
    if submitted is None:
        check_computes(client, [default, training])
        check_data(client, job)
        with quiet_uploads():
            submitted = submit_job(client, job, name or new_name(pipeline))
    click.echo(f"{submitted.name}  {'submitted' if submitted.is_new else 'is in the workspace already'}")
    if submitted.url:
        click.echo(submitted.url)
    if stream or downloads:
        _follow(target, submitted.name, downloads)


def _read_downloads(job: "PipelineJob", download: tuple[str, ...]) -> dict[str, Path]:
    from mnist_pipeline.workspace.following import check_free

    downloads: dict[str, Path] = {}
    for text in download:
        output, sign, folder = text.partition("=")
        if not (sign and folder) or output not in job.outputs:
            raise click.UsageError(f"--download {text}: give OUTPUT=FOLDER; outputs are {', '.join(job.outputs)}.")
        downloads[output] = Path(folder)
        check_free(downloads[output])
    return downloads


def _follow(target: Target, name: str, downloads: dict[str, Path]) -> None:
    from mnist_pipeline.workspace.following import download, follow

    client = target.client()
    try:
        follow(client, name, _show)
    except KeyboardInterrupt:
        click.echo(f"The job goes on; to end it: mnist-pipeline azure cancel {name}", err=True)
        raise
    click.echo(f"{name}  Completed")
    for output, folder in downloads.items():
        download(client, name, output, folder)
        click.echo(f"{output} is in {folder}")


def _show(node: "NodeState") -> None:
    import time

    click.echo(f"{time.strftime('%H:%M:%S')}  {node.node}  {node.status}")
    sys.stdout.flush()


def _describe(plan: "Preview", placements: "list[Placement]") -> str:
    lines = [plan.job_yaml.rstrip(), ""]
    for upload in (*plan.snapshots, *plan.data):
        used_by = f", of {', '.join(upload.used_by)}" if upload.used_by else ""
        lines.append(
            f"# would be uploaded: {upload.source}, {len(upload.files)} files of {_size(upload.size)}{used_by}"
        )
        lines += [f"#   {_size(size):>10}  {file}" for file, size in upload.files.items()]
    for environment in plan.environments:
        image = f" on {environment.image}" if environment.image else ""
        lines.append(f"# environment: {environment.name}{image}, of {', '.join(environment.used_by)}")
        lines += [f"#   {package}" for package in environment.packages]
    computes = ", ".join(dict.fromkeys(placement.compute for placement in placements))
    lines.append(f"# valid as far as this machine can tell; no secret found; would run on {computes}; nothing was sent")
    return "\n".join(lines)


def _size(size: int) -> str:
    return f"{size} bytes" if size < 1000 else f"{size / 1000:.1f} kB" if size < 10**6 else f"{size / 10**6:.1f} MB"
