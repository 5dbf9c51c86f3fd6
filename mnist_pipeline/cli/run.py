"""`mnist-pipeline run`: the whole pipeline on this machine."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mnist_pipeline.cli.options import CommandWithSettings, settings_options
from mnist_pipeline.cli.run_summary import json_on_stdout, registration_of, summary_of, summary_text
from mnist_pipeline.cli.store import client_of, find_store
from mnist_pipeline.mnist.registry.model_name import ModelName
from mnist_pipeline.mnist.registry.promotion import OFF, Policy
from mnist_pipeline.mnist.training.hyperparameters import ClassNames, Hyperparameters, class_names_of
from mnist_pipeline.settings import select

if TYPE_CHECKING:
    from mnist_pipeline.runner import Mode, PipelineRun


class ModelRefused(click.ClickException):
    """The model was not registered, and `--fail-if-refused` makes a failure of it."""

    exit_code = 3


@click.command(cls=CommandWithSettings, short_help="Run the whole pipeline on this machine.")
@click.option(
    "--data",
    default="sample",
    show_default=True,
    metavar="sample|fashion-mnist|FOLDER",
    help="sample: a part of Fashion-MNIST that comes with this package. fashion-mnist: all of Fashion-MNIST, which is "
    "downloaded unless Debian's package dataset-fashion-mnist is installed. FOLDER: a folder with four IDX files, "
    "plain or gzip-compressed.",
)
@click.option(
    "--output-dir",
    default="mnist-runs",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder for the runs and their MLflow store. To use another store or server, set MLFLOW_TRACKING_URI.",
)
@click.option(
    "--mode",
    default="subprocess",
    show_default=True,
    type=click.Choice(["subprocess", "in-process"]),
    help="subprocess: run each step in its own process, with its own copy of the code, as in the cloud. in-process: "
    "run all steps in this process, for a debugger.",
)
@click.option("--fail-if-refused", is_flag=True, default=False, help="Exit with 3 if the model was not registered.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    default=False,
    help="Print a summary as JSON; the progress goes to standard error.",
)
@settings_options("Training", Hyperparameters, ClassNames)
@settings_options("Registration", ModelName, Policy)
def run(data: str, output_dir: Path, mode: "Mode", fail_if_refused: bool, as_json: bool, **settings: Any) -> None:
    """Prepare data, train, score, and register the model if it is good enough.

    This is the pipeline that `mnist-pipeline azure submit image-classification` sends to Azure ML. Here it runs on
    this machine and logs to a local MLflow store.

    \b
    mnist-pipeline run
    mnist-pipeline run --data fashion-mnist --min-accuracy 0.9
    mnist-pipeline run --data fashion-mnist --network wide --augmentation flip
    mnist-pipeline run --data ~/my-digits --epochs 20 --model-name digits
    mnist-pipeline run --data ~/my-clothes --class-names "bag,coat,shirt"
    mnist-pipeline run --fail-if-refused --json > summary.json

    The sample and fashion-mnist come with class names; --class-names replaces them.

    The exit code is 0 if the run completed, 1 if it failed, 2 for wrong usage, 3 if the model was refused and
    --fail-if-refused is given, and 130 if the run was canceled.
    """
    summarizing: AbstractContextManager[dict[str, Any]] = json_on_stdout() if as_json else nullcontext({})
    with summarizing as summary:
        result = _carry_out(data, output_dir, mode, settings, stderr=as_json)
        if as_json:
            summary |= summary_of(result)
        result.raise_for_status()
    if not as_json:
        click.echo(summary_text(result))
    if fail_if_refused and registration_of(result)["decision"] == "refused":
        raise ModelRefused("the model was refused, so it is not registered.")


def _carry_out(
    data: str, output_dir: Path, mode: "Mode", settings: Mapping[str, Any], *, stderr: bool
) -> "PipelineRun":
    """Run the pipeline and show its progress."""
    from mnist_pipeline.cli.progress import follow
    from mnist_pipeline.mnist.data.named_data import fetch_data, name_classes

    policy = Policy(**select(settings, Policy))
    names = class_names_of(settings["class_names"])
    with follow(nodes_print=mode == "in-process", stderr=stderr) as display:
        found = fetch_data(data)  # before the seconds that the next imports take
        if names:
            found = name_classes(found, names)
        display.say("loading Azure's SDK")
        from azure.ai.ml import Input

        # mldesigner looks through all loaded modules when it meets a component, so this comes before MLflow's modules.
        from mnist_pipeline.pipelines import image_classification_pipeline  # isort: split

        display.say("opening the MLflow store")
        from mnist_pipeline.runner import run_locally

        if policy.champion != OFF:
            _check_champion(settings["model_name"], found.folder, output_dir)
        job = image_classification_pipeline(
            pipeline_input_data=Input(type="uri_folder", path=str(found.folder)),
            **{**settings, "class_names": ",".join(found.class_names) or ClassNames.class_names},
        )
        return run_locally(job, output_dir, mode=mode, on_event=display.show)


def _check_champion(model_name: str, data: Path, output_dir: Path) -> None:
    """Check that the champion can be compared with a model for these data, which else fails after the training."""
    from mnist_pipeline.mnist.registry.champion_data import check_champion_of
    from mnist_pipeline.mnist.registry.client import RegisteredModel

    if (store := find_store(output_dir)) is not None:
        with client_of(store) as client:
            check_champion_of(RegisteredModel(model_name, client), data)
