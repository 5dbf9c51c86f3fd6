"""`mnist-pipeline azure submit`."""

import os
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from mnist_pipeline.cli.azure.connection import Target, quiet_uploads, workspace_options
from mnist_pipeline.cli.azure.download import read_downloads
from mnist_pipeline.cli.azure.pipelines import PIPELINES, TRAIN_NODE
from mnist_pipeline.cli.azure.stream import follow_to_the_end
from mnist_pipeline.cli.json_output import json_option, print_object
from mnist_pipeline.cli.size import size_of

if TYPE_CHECKING:
    from mnist_pipeline.workspace.placement import Placement
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
@json_option
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
    as_json: bool,
) -> None:
    """Submit PIPELINE to the workspace.

    \b
    mnist-pipeline azure submit image-classification --data sample --dry-run
    mnist-pipeline azure submit image-classification --data azureml:digits:1 --compute cpu-cluster \\
        --train-compute gpu-cluster --set epochs=20 --stream --download result=result
    mnist-pipeline azure submit train-evaluate-register --data train_data_asset_uri=azureml:train:1 \\
        --data test_data_asset_uri=azureml:test:1 --instance-type Standard_E4s_v3
    mnist-pipeline azure submit image-classification --data sample --json     one JSON object per line
    """
    from mnist_pipeline.cli.azure.pipelines import make_job
    from mnist_pipeline.sdk import nodes_of
    from mnist_pipeline.workspace.data import check_data
    from mnist_pipeline.workspace.job.submission import find_job, new_name
    from mnist_pipeline.workspace.job.submission import submit as submit_job
    from mnist_pipeline.workspace.placement import Placement, check_computes, place
    from mnist_pipeline.workspace.preview import preview
    from mnist_pipeline.workspace.secret_scan import known_secrets

    job = make_job(pipeline, data, settings)
    default = Placement(compute, None if train_compute else instance_type)
    training = Placement(train_compute or compute, instance_type, instance_count)
    place(job, default, {TRAIN_NODE: training})
    if experiment:
        job.experiment_name = experiment
    downloads = read_downloads(download, "--download ")
    known = [*job.outputs, *(f"{node}.{port}" for node, step in nodes_of(job) for port in step.outputs)]
    if unknown := [output for output in downloads if output not in known]:
        raise click.UsageError(f"--download: no output {', '.join(unknown)}; outputs are {', '.join(known)}.")
    plan = preview(job, known_secrets(os.environ))
    if dry_run:
        if as_json:
            print_object(asdict(plan))
        else:
            click.echo(_describe(plan, [default, training]))
        return

    client = target.client()
    submitted = find_job(client, name) if name else None
    if submitted is None:
        check_computes(client, [default, training])
        check_data(client, job)
        with quiet_uploads():
            submitted = submit_job(client, job, name or new_name(pipeline))
    if as_json:
        print_object(asdict(submitted))
    else:
        click.echo(f"{submitted.name}  {'submitted' if submitted.is_new else 'is in the workspace already'}")
        if submitted.url:
            click.echo(submitted.url)
    if stream or downloads:
        follow_to_the_end(client, submitted.name, downloads, as_json=as_json)


def _describe(plan: "Preview", placements: "list[Placement]") -> str:
    lines = [plan.job_yaml.rstrip(), ""]
    for upload in (*plan.snapshots, *plan.data):
        used_by = f", of {', '.join(upload.used_by)}" if upload.used_by else ""
        lines.append(
            f"# would be uploaded: {upload.source}, {len(upload.files)} files of {size_of(upload.size)}{used_by}"
        )
        lines += [f"#   {size_of(size):>10}  {file}" for file, size in upload.files.items()]
    for environment in plan.environments:
        image = f" on {environment.image}" if environment.image else ""
        lines.append(f"# environment: {environment.name}{image}, of {', '.join(environment.used_by)}")
        lines += [f"#   {package}" for package in environment.packages]
    computes = ", ".join(dict.fromkeys(placement.compute for placement in placements))
    lines.append(f"# valid as far as this machine can tell; no secret found; would run on {computes}; nothing was sent")
    return "\n".join(lines)
