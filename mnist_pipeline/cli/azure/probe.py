"""`mnist-pipeline azure probe`."""

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mnist_pipeline import __version__
from mnist_pipeline.cli.azure.connection import Target, quiet_uploads, workspace_options
from mnist_pipeline.cli.table import show
from mnist_pipeline.errors import WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnist_pipeline.workspace.probe.jobs import ProbeJob
    from mnist_pipeline.workspace.probe.parts import Parts
    from mnist_pipeline.workspace.probe.trial import Trial


@click.command(short_help="Check in the workspace what this package assumes about Azure ML.")
@workspace_options
@click.option(
    "--compute", required=True, metavar="NAME", help="Cluster that runs the jobs; one small CPU node is enough."
)
@click.option("--serverless", is_flag=True, help="Check serverless compute too.")
@click.option("--gpu-compute", metavar="NAME", help="Cluster with a GPU, to check the GPU image too.")
@click.option("--yes", is_flag=True, help="Send the jobs without asking first.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File for all results; azure-probe-TIME.json by default.",
)
@click.option(
    "--minutes",
    default=120,
    show_default=True,
    type=click.IntRange(min=1),
    help="Wait at most this many minutes, then cancel the jobs that are still running.",
)
def probe(
    target: Target,
    compute: str,
    serverless: bool,
    gpu_compute: str | None,
    yes: bool,
    json_file: Path | None,
    minutes: int,
) -> None:
    """Check in the workspace what this package assumes about Azure ML.

    The probe sends a few small jobs, builds an image for each kind of step, and registers a model, which it archives at
    the end. For each assumption it prints whether it holds, does not hold, or could not be checked. If one does not
    hold, the probe says which feature to avoid. docs/azure-assumptions.md explains the assumptions.

    The exit code is 1 if an assumption does not hold, and 0 otherwise.

    \b
    mnist-pipeline azure probe --compute cpu-cluster
    mnist-pipeline azure probe --compute cpu-cluster --serverless --gpu-compute gpu-cluster --yes
    """
    from mnist_pipeline.workspace.placement import Placement, check_computes
    from mnist_pipeline.workspace.probe.clean_up import clean_up
    from mnist_pipeline.workspace.probe.jobs import jobs_of, models_of, new_model_name
    from mnist_pipeline.workspace.probe.parts import snapshot
    from mnist_pipeline.workspace.probe.trial import Trial
    from mnist_pipeline.workspace.secret_scan import known_secrets

    file = json_file or Path(time.strftime("azure-probe-%Y%m%d-%H%M%S.json"))
    parts, model_name = _parts(), new_model_name()
    jobs = jobs_of(parts, model_name, compute, serverless=serverless, gpu_compute=gpu_compute)
    client = target.client()
    with snapshot(parts) as code:
        trial = Trial(client, jobs, code, _say, seconds=60 * minutes)
        trial.check(known_secrets(os.environ))
        check_computes(client, [Placement(job.compute) for job in jobs])
        click.echo(_announce(jobs))
        if not yes:
            click.confirm("Send the jobs?", abort=True)
        left: list[str] = []
        try:
            with quiet_uploads():
                trial.run()
        finally:
            click.echo("Cleaning up.")
            left = clean_up(client, trial.names, models_of(model_name))
            click.echo("\n".join(["Left in the workspace:", *(f"  {line}" for line in left)]))
    _conclude(trial, left, file)


def _parts() -> "Parts":
    from mnist_pipeline.components import prepare_data_component
    from mnist_pipeline.components.environment import KERAS, KERAS_GPU, PREP
    from mnist_pipeline.mnist.data.sample import sample_folder
    from mnist_pipeline.workspace.probe.parts import Parts

    return Parts(
        component=prepare_data_component,
        data=sample_folder(),
        small=PREP,
        tracking=KERAS,
        gpu=KERAS_GPU,
    )


def _say(line: str) -> None:
    click.echo(f"{time.strftime('%H:%M:%S')}  {line}")


def _announce(jobs: "Sequence[ProbeJob]") -> str:
    lines = [
        f"The probe sends {len(jobs)} jobs and takes about {sum(job.minutes for job in jobs)} minutes on one machine:"
    ]
    lines += [
        f"  {job.name:<10}  {len(job.nodes)} step{'s' if len(job.nodes) > 1 else ' '}  on {job.compute}, about "
        f"{job.minutes} minutes: {job.what}"
        for job in jobs
    ]
    lines.append(
        "The times are estimates. Most of the time goes into starting machines and building images, which later jobs "
        "reuse. The probe registers a model; at the end it deletes the model's versions and archives the empty model."
    )
    return "\n".join(lines)


def _conclude(trial: "Trial", left: list[str], file: Path) -> None:
    from mnist_pipeline.workspace.explanation import words_of
    from mnist_pipeline.workspace.probe.assumptions import read_assumptions
    from mnist_pipeline.workspace.probe.outcome import as_json
    from mnist_pipeline.workspace.probe.verdicts import Verdict, judge
    from mnist_pipeline.workspace.secret_scan import known_secrets, redacted

    results = judge(read_assumptions(), trial.facts, trial.asked)
    rows = [
        {"assumption": result.assumption.name, "verdict": result.verdict.value, "finding": words_of(result.finding)}
        for result in results
    ]
    show(rows, as_json=False, nothing="")
    failed = [result for result in results if result.verdict is Verdict.FAILS]
    for result in failed:
        click.echo(f"{result.assumption.name} does not hold. Avoid: {result.assumption.avoid}")
    text = json.dumps(as_json(__version__, results, trial.facts, left), indent=2, ensure_ascii=False)
    file.write_text(redacted(text, known_secrets(os.environ)) + "\n", encoding="utf-8")
    click.echo(
        f"All results are in {file}; please send them to the maintainers. The file quotes Azure's answers, which may "
        "name your workspace, so read it first."
    )
    if failed:
        raise WorkspaceError(
            f"{len(failed)} of {len(results)} assumptions did not hold; the lines above say what to avoid."
        )
