"""`mnist-pipeline azure export`."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mnist_pipeline.cli.azure.pipelines import PIPELINES

if TYPE_CHECKING:
    from collections.abc import Mapping


@click.command(short_help="Write a component or a pipeline as YAML for `az ml`.")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--compute", default="serverless", show_default=True, help="Default compute (pipelines only).")
@click.option("--force", is_flag=True, help="Replace FILE if it exists and differs.")
def export(name: str, file: Path, compute: str, force: bool) -> None:
    """Write the component or pipeline NAME to FILE as YAML, for `az ml component create` or `az ml job create`.

    The code is written to a folder beside FILE, such as prep.code for prep.yml. Move or commit both together. A FILE
    that exists and differs is replaced only with --force.

    The data inputs of a pipeline are written as azureml:INPUT:1. Replace them with your own data.

    \b
    mnist-pipeline azure export prep_data prep.yml
    mnist-pipeline azure export image-classification pipeline.yml
    """
    from mnist_pipeline.workspace.export import export as write

    if name in PIPELINES:
        entity = _pipeline(name, compute)
    else:
        components = _components()
        if name not in components:
            raise click.UsageError(
                f"there is no component or pipeline {name}; use one of {', '.join([*PIPELINES, *components])}."
            )
        entity = components[name]
    write(entity, file, replace=force)
    kind = "job" if name in PIPELINES else "component"
    click.echo(f"wrote {file}; to create it in Azure ML: az ml {kind} create --file {shlex.quote(str(file))}")


def _pipeline(name: str, compute: str) -> Any:
    from mnist_pipeline.cli.azure.pipelines import make_job
    from mnist_pipeline.workspace.placement import Placement, assign_computes

    job = make_job(name, tuple(f"{data}=azureml:{data}:1" for data in PIPELINES[name]), ())
    assign_computes(job, Placement(compute), {})
    return job


def _components() -> "Mapping[str, Any]":
    from mnist_pipeline import components

    declared = [getattr(components, name).component for name in components.__all__]
    return {component.name: component for component in declared}
