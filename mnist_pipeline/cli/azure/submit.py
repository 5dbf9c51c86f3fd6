"""`mnist-pipeline azure submit`."""

import os
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from mnist_pipeline.cli.azure.connection import Target, quiet_uploads, workspace_options
from mnist_pipeline.cli.azure.download import parse_downloads
from mnist_pipeline.cli.azure.pipelines import PIPELINES, TRAIN_NODE
from mnist_pipeline.cli.azure.stream import follow_and_download
from mnist_pipeline.cli.json_output import json_option, print_object
from mnist_pipeline.cli.size import files_of, size_of

if TYPE_CHECKING:
    from mnist_pipeline.workspace.placement import Placement
    from mnist_pipeline.workspace.preview import Preview


@click.command(short_help="Submit a pipeline to the workspace, or show what it would send.")
@workspace_options
@click.argument("pipeline", type=click.Choice(list(PIPELINES)))
@click.option(
    "--data",
    multiple=True,
    required=True,
    metavar="DATA",
    help="A data asset (azureml:NAME:VERSION), a URI (wasbs://, abfss://, azureml:// or https://), or a folder on this "
    "machine, which is uploaded. `sample` and `fashion-mnist` work as in `mnist-pipeline run`. If the pipeline has "
    "more than one data input, give INPUT=DATA for each.",
)
@click.option("--compute", default="serverless", show_default=True, metavar="NAME", help="Compute that runs the nodes.")
@click.option("--train-compute", metavar="NAME", help="Another compute for the training node.")
@click.option(
    "--instance-type",
    metavar="TYPE",
    help="Virtual machine size for serverless compute, or instance type of a Kubernetes compute. With "
    "--train-compute, it applies only to the training node.",
)
@click.option("--instance-count", type=click.IntRange(min=1), help="Number of instances for the training node.")
@click.option("--experiment", metavar="NAME", help="Experiment to put the job in, instead of the pipeline's default.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="INPUT=VALUE",
    help="Set another input of the pipeline, such as epochs=3. May be repeated.",
)
@click.option(
    "--name",
    metavar="NAME",
    help="Name of the new job. If the workspace already has a job of this name, the command uses that job and submits "
    "nothing.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be sent, without contacting Azure.")
@click.option("--stream", is_flag=True, help="Follow the job until it ends. The exit code is 0 if it completed.")
@click.option(
    "--download",
    multiple=True,
    metavar="OUTPUT=FOLDER",
    help="Download an output when the job has completed; implies --stream. May be repeated.",
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
    """Submit a pipeline to the workspace as a new job.

    Before anything is uploaded, the job and its code are searched for secrets. Use --dry-run to see what would be sent.

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
    from mnist_pipeline.workspace.placement import Placement, assign_computes, check_computes
    from mnist_pipeline.workspace.preview import preview
    from mnist_pipeline.workspace.secret_scan import known_secrets

    job = make_job(pipeline, data, settings)
    default = Placement(compute, None if train_compute else instance_type)
    training = Placement(train_compute or compute, instance_type, instance_count)
    assign_computes(job, default, {TRAIN_NODE: training})
    if experiment:
        job.experiment_name = experiment
    downloads = parse_downloads(download, "--download ")
    known = [*job.outputs, *(f"{node}.{port}" for node, step in nodes_of(job) for port in step.outputs)]
    if unknown := [output for output in downloads if output not in known]:
        raise click.UsageError(
            f"--download: the pipeline has no output {', '.join(unknown)}; choose from {', '.join(known)}."
        )
    plan = preview(job, known_secrets(os.environ))
    for warning in plan.warnings:
        click.echo(f"Warning: {warning}", err=True)
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
        click.echo(f"{submitted.name}  {'submitted' if submitted.is_new else 'is already in the workspace'}")
        if submitted.url:
            click.echo(submitted.url)
    if stream or downloads:
        follow_and_download(client, submitted.name, downloads, as_json=as_json)


def _describe(plan: "Preview", placements: "list[Placement]") -> str:
    lines = [plan.job_yaml.rstrip(), ""]
    for upload in (*plan.snapshots, *plan.data):
        used_by = f", for {', '.join(upload.used_by)}" if upload.used_by else ""
        lines.append(f"# would upload {upload.source}: {files_of(len(upload.files), upload.size)}{used_by}")
        lines += [f"#   {size_of(size):>10}  {file}" for file, size in upload.files.items()]
    for environment in plan.environments:
        image = f" on {environment.image}" if environment.image else ""
        lines.append(f"# environment: {environment.name}{image}, for {', '.join(environment.used_by)}")
        lines += [f"#   {package}" for package in environment.packages]
    computes = ", ".join(dict.fromkeys(placement.compute for placement in placements))
    lines.append(f"# no errors and no secrets found; the job would run on {computes}; nothing was sent")
    return "\n".join(lines)
