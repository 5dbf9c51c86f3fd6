"""`mnist-pipeline run`: the whole pipeline on this machine."""

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mnist_pipeline.mnist.registry.promotion import CHAMPION_RULES, Policy
from mnist_pipeline.mnist.registry.versions import MODEL_NAME
from mnist_pipeline.mnist.training.hyperparameters import (
    AUGMENTATION_NAMES,
    NETWORK_NAMES,
    NO_CLASS_NAMES,
    PRECISION_NAMES,
    Hyperparameters,
)

if TYPE_CHECKING:
    from mnist_pipeline.runner import Mode, PipelineRun


@click.command(short_help="Run the whole pipeline on this machine.")
@click.option(
    "--data",
    default="sample",
    show_default=True,
    metavar="sample|fashion-mnist|FOLDER",
    help="The embedded sample of Fashion-MNIST; all of it, taken from Debian's dataset-fashion-mnist or downloaded; "
    "or a folder with four IDX files, plain or gzip-compressed.",
)
@click.option(
    "--epochs",
    default=Hyperparameters.epochs,
    show_default=True,
    type=click.IntRange(min=1),
    help="Passes over the images.",
)
@click.option(
    "--batch-size",
    default=Hyperparameters.batch_size,
    show_default=True,
    type=click.IntRange(min=0),
    help="Images per step; 0 takes the network's own.",
)
@click.option(
    "--learning-rate",
    default=Hyperparameters.learning_rate,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Peak of the learning rate's schedule; 0 takes the network's own.",
)
@click.option(
    "--validation-split",
    default=Hyperparameters.validation_split,
    show_default=True,
    type=click.FloatRange(0, 0.99),
    help="Share of the training images held out to validate.",
)
@click.option(
    "--seed",
    default=Hyperparameters.seed,
    show_default=True,
    type=click.IntRange(0, 2**32 - 1),
    help="Random seed.",
)
@click.option(
    "--network",
    default=Hyperparameters.network,
    show_default=True,
    type=click.Choice(NETWORK_NAMES),
    help="small, wide or large, each slower and more accurate; or sample, Microsoft's, to compare with.",
)
@click.option(
    "--augmentation",
    default=Hyperparameters.augmentation,
    show_default=True,
    type=click.Choice(AUGMENTATION_NAMES),
    help="shift moves training images by up to a pixel; flip mirrors half of them: for clothes, not for digits.",
)
@click.option(
    "--precision",
    default=Hyperparameters.precision,
    show_default=True,
    type=click.Choice(PRECISION_NAMES),
    help="auto is bfloat16 on a CPU with instructions for it, otherwise float32.",
)
@click.option(
    "--min-accuracy",
    default=Policy.min_accuracy,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Lowest accuracy on the test images for the model to be registered.",
)
@click.option(
    "--accuracy-confidence",
    default=Policy.accuracy_confidence,
    show_default=True,
    type=click.FloatRange(0, 0.999999),
    help="Require --min-accuracy of the lower bound of the accuracy's Wilson interval at this confidence, say 0.95; "
    "0 is off.",
)
@click.option(
    "--min-class-recall",
    default=Policy.min_class_recall,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Lowest recall of every class; 0 is off.",
)
@click.option(
    "--max-loss",
    default=Policy.max_loss,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Highest cross-entropy in nats; 0 is off.",
)
@click.option(
    "--min-images",
    default=Policy.min_images,
    show_default=True,
    type=click.IntRange(min=0),
    help="Lowest number of test images; 0 is off.",
)
@click.option(
    "--champion",
    default=Policy.champion,
    show_default=True,
    type=click.Choice(CHAMPION_RULES),
    help="What is required in comparison with the champion, the best version so far, on the same test images.",
)
@click.option(
    "--champion-margin",
    default=Policy.champion_margin,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="How far the accuracy may be below the champion's under not_worse.",
)
@click.option(
    "--mcnemar-level",
    default=Policy.mcnemar_level,
    show_default=True,
    type=click.FloatRange(0, 0.999999),
    help="Level of an exact McNemar test, say 0.05: under better, the model must be significantly better than the "
    "champion; under not_worse, not significantly worse. 0 is off.",
)
@click.option("--model-name", default=MODEL_NAME, show_default=True, help="Name in the model registry.")
@click.option(
    "--output-dir",
    default="mnist-runs",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder for the run and, beside it, the MLflow store; MLFLOW_TRACKING_URI names another store or server.",
)
@click.option(
    "--mode",
    default="subprocess",
    show_default=True,
    type=click.Choice(["subprocess", "in-process"]),
    help="Each step as the cloud runs it, in a process and a copy of its code; or all in this process, for a debugger.",
)
def run(data: str, output_dir: Path, mode: "Mode", **parameters: Any) -> None:
    """Prepare data, train, score, and register the model if it is good enough.

    The very pipeline that would be submitted to Azure ML runs here, step by step, logged to a local MLflow store.

    \b
    mnist-pipeline run
    mnist-pipeline run --data fashion-mnist --min-accuracy 0.9
    mnist-pipeline run --data fashion-mnist --network wide --augmentation flip
    mnist-pipeline run --data ~/my-digits --epochs 20 --model-name digits
    """
    from mnist_pipeline.mnist.data.named_data import find_data

    found = find_data(data)  # before the seconds that the next imports take
    from azure.ai.ml import Input

    # mldesigner looks at every module that is loaded when it meets a component: better before MLflow's come.
    from mnist_pipeline.pipelines import image_classification_pipeline  # isort: split

    from mnist_pipeline.cli.progress import follow
    from mnist_pipeline.runner import run_locally

    with follow(live=mode == "subprocess") as on_event:
        job = image_classification_pipeline(
            pipeline_input_data=Input(type="uri_folder", path=str(found.folder)),
            class_names=",".join(found.class_names) or NO_CLASS_NAMES,
            **parameters,
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

Look at metrics, figures and the model:
  {_command("mlflow")} ui --backend-store-uri {result.tracking_uri}
Ask the model what is in an image:
  {_command("mnist-pipeline")} predict {_shown(result.outputs["model"])} IMAGE.png"""


def _command(name: str) -> str:
    """The command as a person would type it here: with its folder where the environment is not activated."""
    return name if shutil.which(name) else _shown(Path(sys.executable).with_name(name))


def _shown(path: Path) -> str:
    """The path as a person would type it here."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
