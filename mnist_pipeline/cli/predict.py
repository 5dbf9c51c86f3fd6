"""`mnist-pipeline predict`: what a trained model sees in image files."""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from mnist_pipeline.cli.store import find_store, looking_into


@click.command(short_help="Classify PNG or JPEG images with a trained model.")
@click.argument("model")
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="IMAGE...")
@click.option("--invert", is_flag=True, help="Turn dark into light first: for dark objects on white.")
@click.option("--top", default=3, show_default=True, type=click.IntRange(min=1), help="How many classes to name.")
@click.option(
    "--output-dir",
    default="mnist-runs",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Where `mnist-pipeline run` left its MLflow store; MLFLOW_TRACKING_URI names another store or server.",
)
def predict(model: str, images: tuple[Path, ...], invert: bool, top: int, output_dir: Path) -> None:
    """Say what is in each IMAGE, a PNG or JPEG file, and how sure the model is.

    MODEL is a model folder, or a registered model: models:/NAME/VERSION, or models:/NAME@champion. Images are turned to
    gray and resized to the size that the model was trained on; like the training images they should show a light object
    on black.

    \b
    mnist-pipeline predict models:/mnist-classifier@champion boot.png
    mnist-pipeline predict mnist-runs/.../output_model photo.jpg --invert
    """
    from mnist_pipeline.errors import ImageError
    from mnist_pipeline.mnist.model.model_folder import load_model
    from mnist_pipeline.mnist.model.prediction import predict_images

    for image in images:  # before the seconds that loading a model takes
        if not image.is_file():
            raise ImageError(f"{image}: no such file; give a PNG or JPEG image.")
    with tempfile.TemporaryDirectory() as aside, _silent_tensorflow():
        folder = _fetch(model, output_dir, aside) if model.startswith("models:/") else Path(model)
        predictions = predict_images(load_model(folder), images, invert=invert)
    for prediction in predictions:
        (name, share), *others = prediction.ranking[:top]
        also = f"  ({', '.join(f'{other} {rest:.1%}' for other, rest in others)})" if others else ""
        click.echo(f"{prediction.path}: {name} {share:.1%}{also}")


def _fetch(uri: str, output_dir: Path, target: str) -> Path:
    """Fetch a registered model's folder."""
    from mlflow.exceptions import MlflowException

    from mnist_pipeline.errors import RegistryError
    from mnist_pipeline.mnist.tracking import download_artifact

    store = find_store(output_dir)
    if store is None:
        raise RegistryError(f"{output_dir}: no MLflow store in it; name the folder of your runs with --output-dir.")
    with looking_into(store):
        if match := re.fullmatch(r"models:/([^/@]+)@(champion|challenger)", uri):
            return _fetch_by_role(match[1], match[2], target)
        try:
            return download_artifact(uri, target)
        except MlflowException as error:
            raise RegistryError(f"{uri}: {error.message}") from error


def _fetch_by_role(name: str, role: str, target: str) -> Path:
    """Fetch the champion or challenger, which a workspace knows by tags alone."""
    from mnist_pipeline.errors import RegistryError
    from mnist_pipeline.mnist.registry.versions import CHAMPION, ModelVersions

    versions = ModelVersions(name)
    version = versions.champion() if role == CHAMPION else versions.challenger()
    if version is None:
        raise RegistryError(
            f"{name} has no {role}; name one of its versions, which `mnist-pipeline models list` shows."
        )
    return versions.download_model(int(version.version), Path(target))


@contextmanager
def _silent_tensorflow() -> Iterator[None]:
    """Drop what is written to standard error: TensorFlow's start-up lines heed no log level. Exceptions pass."""
    sys.stderr.flush()
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
