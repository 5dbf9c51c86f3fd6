"""`mnist-pipeline predict`: classify image files with a trained model."""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mnist_pipeline.cli.store import client_of, find_store

if TYPE_CHECKING:
    from mnist_pipeline.mnist.registry.client import RegisteredModel, Version

_MODEL_URI = re.compile(r"models:/(?P<name>[^/@]+)(/(?P<number>\d+)|[/@](?P<alias>[^/]+))")


@click.command(short_help="Classify PNG or JPEG images with a trained model.")
@click.argument("model")
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="IMAGE...")
@click.option("--invert", is_flag=True, help="Invert the images first, for dark objects on white.")
@click.option("--top", default=3, show_default=True, type=click.IntRange(min=1), help="Number of classes to print.")
@click.option(
    "--output-dir",
    default="mnist-runs",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder with the MLflow store of `mnist-pipeline run`; MLFLOW_TRACKING_URI overrides it.",
)
def predict(model: str, images: tuple[Path, ...], invert: bool, top: int, output_dir: Path) -> None:
    """Classify each IMAGE, a PNG or JPEG file, and print the most probable classes.

    MODEL is a model folder, or a registered model: models:/NAME/VERSION or models:/NAME@champion. The images are
    converted to gray and resized to the size that the model was trained on. Like the training images, they should show
    a light object on a black background.

    \b
    mnist-pipeline predict models:/mnist-classifier@champion boot.png
    mnist-pipeline predict mnist-runs/.../output_model photo.jpg --invert
    """
    from mnist_pipeline.errors import ImageError
    from mnist_pipeline.mnist.data.images import ColorNote
    from mnist_pipeline.mnist.model.model_folder import load_model
    from mnist_pipeline.mnist.model.prediction import predict_images

    for image in images:  # before the seconds that loading a model takes
        if not image.is_file():
            raise ImageError(f"{image}: no such file; give a PNG or JPEG image.")
    notes: list[str] = []
    with tempfile.TemporaryDirectory() as aside:
        folder = _fetch(model, output_dir, Path(aside)) if model.startswith("models:/") else Path(model)
        with _silent_tensorflow():
            predictions = predict_images(load_model(folder), images, invert=invert, color_note=ColorNote(notes.append))
    for note in notes:
        click.echo(f"Note: {note}", err=True)
    for prediction in predictions:
        (name, share), *others = prediction.ranking[:top]
        also = f"  ({', '.join(f'{other} {rest:.1%}' for other, rest in others)})" if others else ""
        click.echo(f"{prediction.path}: {name} {share:.1%}{also}")


def _fetch(uri: str, output_dir: Path, target: Path) -> Path:
    """Download a registered model to somewhere below `target`; return its folder."""
    from mnist_pipeline.errors import RegistryError
    from mnist_pipeline.mnist.registry.client import RegisteredModel

    match = _MODEL_URI.fullmatch(uri)
    if match is None:
        raise RegistryError(f"{uri}: not a registered model; write models:/NAME/VERSION or models:/NAME@champion.")
    store = find_store(output_dir)
    if store is None:
        raise RegistryError(f"{output_dir}: no MLflow store in it; name the folder of your runs with --output-dir.")
    with client_of(store) as client:
        model = RegisteredModel(match["name"], client)
        version = model.version(int(match["number"])) if match["number"] else _find_version(model, match["alias"])
        if version is None:
            raise RegistryError(
                f"{model.name} has no {match['alias']}; name one of its versions, which `mnist-pipeline models list` "
                "shows."
            )
        return model.download_version(version.number, target)


def _find_version(model: "RegisteredModel", alias: str) -> "Version | None":
    """Return the version with an alias, or the latest one; None if there is no such version."""
    from mnist_pipeline.mnist.registry.champion import CHALLENGER, CHAMPION, find_challenger, find_champion

    if alias == CHAMPION:  # a workspace has no aliases; there tags say which version it is
        return find_champion(model)
    if alias == CHALLENGER:
        return find_challenger(model)
    versions = model.versions()
    return versions.get(max(versions, default=0) if alias == "latest" else model.aliases().get(alias, 0))


@contextmanager
def _silent_tensorflow() -> Iterator[None]:
    """Discard standard error, because TensorFlow's start-up lines ignore every log level. Exceptions pass through."""
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
