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


@click.command(short_help="Try in the workspace what this package believes about Azure ML.")
@workspace_options
@click.option("--compute", required=True, metavar="NAME", help="Cluster to run on; one small CPU node is enough.")
@click.option("--serverless", is_flag=True, help="Try serverless compute too.")
@click.option("--gpu-compute", metavar="NAME", help="Cluster with a GPU; tries the GPU image too.")
@click.option("--yes", is_flag=True, help="Do not ask before jobs are sent.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File for all that was found; azure-probe-TIME.json if not given.",
)
@click.option(
    "--minutes",
    default=120,
    show_default=True,
    type=click.IntRange(min=1),
    help="Wait so long at most; jobs that go on after that are canceled.",
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
    """Try in the workspace what this package believes about Azure ML without proof.

    Some small jobs are sent, with an image build for each kind of step, and a model is registered and deleted again.
    For each belief the probe says whether it holds, does not hold, or could not be told, and for each one that does
    not hold which feature to avoid. docs/azure-assumptions.md explains the beliefs.

    The exit code is 0 if nothing fails, and 1 if a belief does not hold.

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
            click.confirm("Send them?", abort=True)
        left: list[str] = []
        try:
            with quiet_uploads():
                trial.run()
        finally:
            click.echo("Cleaning up.")
            left = clean_up(client, trial.names, models_of(model_name))
            click.echo("\n".join(["What is left in the workspace:", *(f"  {line}" for line in left)]))
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
    lines = [f"{len(jobs)} jobs would be sent; about {sum(job.minutes for job in jobs)} minutes on one machine:"]
    lines += [
        f"  {job.name:<10}  {len(job.nodes)} step{'s' if len(job.nodes) > 1 else ' '}  on {job.compute}, about "
        f"{job.minutes} minutes: {job.what}"
        for job in jobs
    ]
    lines.append(
        "The times are estimates. Most of it is building images, which later jobs use again, and starting machines. "
        "The versions of the model that is registered are deleted; the empty model is archived."
    )
    return "\n".join(lines)


def _conclude(trial: "Trial", left: list[str], file: Path) -> None:
    from mnist_pipeline.workspace.explanation import words_of
    from mnist_pipeline.workspace.probe.assumptions import read_ledger
    from mnist_pipeline.workspace.probe.outcome import as_json
    from mnist_pipeline.workspace.probe.verdicts import Verdict, judge
    from mnist_pipeline.workspace.secret_scan import known_secrets, redacted

    results = judge(read_ledger(), trial.facts, trial.asked)
    rows = [
        {"belief": result.assumption.name, "verdict": result.verdict.value, "finding": words_of(result.finding)}
        for result in results
    ]
    show(rows, as_json=False, nothing="")
    failed = [result for result in results if result.verdict is Verdict.FAILS]
    for result in failed:
        click.echo(f"{result.assumption.name} does not hold. Avoid: {result.assumption.avoid}")
    text = json.dumps(as_json(__version__, results, trial.facts, left), indent=2, ensure_ascii=False)
    file.write_text(redacted(text, known_secrets(os.environ)) + "\n", encoding="utf-8")
    click.echo(
        f"All that was found is in {file}; it helps the maintainers. It quotes Azure, which may name your workspace: "
        "look before you pass it on."
    )
    if failed:
        raise WorkspaceError(
            f"of {len(results)} beliefs {len(failed)} did not hold; the lines above say what to avoid."
        )
