"""`mnist-pipeline run`: the whole pipeline on this machine."""

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mnist_pipeline.cli.options import CommandWithSettings, settings_options
from mnist_pipeline.mnist.registry.model_name import ModelName
from mnist_pipeline.mnist.registry.promotion import Policy
from mnist_pipeline.mnist.training.hyperparameters import ClassNames, Hyperparameters, class_names_of

if TYPE_CHECKING:
    from mnist_pipeline.runner import Mode, PipelineRun


@click.command(cls=CommandWithSettings, short_help="Run the whole pipeline on this machine.")
@click.option(
    "--data",
    default="sample",
    show_default=True,
    metavar="sample|fashion-mnist|FOLDER",
    help="The sample of Fashion-MNIST that comes with this package; all of Fashion-MNIST, from Debian's package "
    "dataset-fashion-mnist or downloaded; or a folder with four IDX files, plain or gzip-compressed.",
)
@click.option(
    "--output-dir",
    default="mnist-runs",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder for the runs and their MLflow store; MLFLOW_TRACKING_URI names another store or server.",
)
@click.option(
    "--mode",
    default="subprocess",
    show_default=True,
    type=click.Choice(["subprocess", "in-process"]),
    help="Run each step in its own process and its own copy of the code, as the cloud does; or all steps in this "
    "process, for a debugger.",
)
@settings_options("Training", Hyperparameters, ClassNames)
@settings_options("Registration", ModelName, Policy)
def run(data: str, output_dir: Path, mode: "Mode", **settings: Any) -> None:
    """Prepare data, train, score, and register the model if it is good enough.

    This is the pipeline that `mnist-pipeline azure submit image-classification` sends to Azure ML. Here it runs on
    this machine and logs to a local MLflow store.

    \b
    mnist-pipeline run
    mnist-pipeline run --data fashion-mnist --min-accuracy 0.9
    mnist-pipeline run --data fashion-mnist --network wide --augmentation flip
    mnist-pipeline run --data ~/my-digits --epochs 20 --model-name digits
    mnist-pipeline run --data ~/my-clothes --class-names "bag,coat,shirt"

    The sample and fashion-mnist have names for their classes already; --class-names gives them others.
    """
    from mnist_pipeline.mnist.data.named_data import fetch_data, name_classes

    names = class_names_of(settings.pop("class_names"))
    found = fetch_data(data)  # before the seconds that the next imports take
    if names:
        found = name_classes(found, names)
    from azure.ai.ml import Input

    # mldesigner looks through all loaded modules when it meets a component, so this comes before MLflow's modules.
    from mnist_pipeline.pipelines import image_classification_pipeline  # isort: split

    from mnist_pipeline.cli.progress import follow
    from mnist_pipeline.runner import run_locally

    with follow(live=mode == "subprocess") as on_event:
        job = image_classification_pipeline(
            pipeline_input_data=Input(type="uri_folder", path=str(found.folder)),
            class_names=",".join(found.class_names) or ClassNames.class_names,
            **settings,
        )
        result = run_locally(job, output_dir, mode=mode, on_event=on_event)
    result.raise_for_status()
    click.echo(_summary(result))


def _summary(result: "PipelineRun") -> str:
    metrics = json.loads((result.outputs["result"] / "metrics.json").read_text(encoding="utf-8"))
    registration = json.loads((result.outputs["registration"] / "registration.json").read_text(encoding="utf-8"))
    checks = ", ".join(
        f"{check['name']} {'passed' if check['passed'] else 'refused'} ({check['observed']:.4g}, required "
        f"{check['required']:.4g})"
        for check in registration["checks"]
    )
    version = registration["model_version"]
    model = f"{registration['model_name']} version {version}" if version else "none registered"
    if registration["is_champion"]:
        model += ", the champion"
    return f"""
accuracy  {metrics["accuracy"]:.4f} on {metrics["images"]} test images, loss {metrics["loss"]:.4f}
decision  {registration["decision"]}: {checks}
model     {model}

What it confuses    {_shown(result.outputs["result"] / "confusion_matrix.png")}
Its worst mistakes  {_shown(result.outputs["result"] / "most_confident_mistakes.png")}
All about the run   {_shown(result.folder)}

Look at the metrics, the pictures and the model:
  {_command("mlflow")} ui --backend-store-uri {result.tracking_uri}
Ask the model what is in an image:
  {_command("mnist-pipeline")} predict {_shown(result.outputs["model"])} IMAGE.png"""


def _command(name: str) -> str:
    """Return the command as a person would type it here, with its folder if the environment is not activated."""
    return name if shutil.which(name) else _shown(Path(sys.executable).with_name(name))


def _shown(path: Path) -> str:
    """Return the path as a person would type it here."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
