"""`mnist-pipeline predict`: classify image files with a trained model."""

import os
import re
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from mnist_pipeline.cli.prediction_formats import FORMATS, Format, formatted
from mnist_pipeline.cli.store import client_of, find_store
from mnist_pipeline.files import written_whole

if TYPE_CHECKING:
    from mnist_pipeline.mnist.registry.client import RegisteredModel, Version

_MODEL_URI = re.compile(r"models:/(?P<name>[^/@]+)(/(?P<number>\d+)|[/@](?P<alias>[^/]+))")


@click.command(short_help="Classify PNG or JPEG images with a trained model.")
@click.argument("model")
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option("--invert", is_flag=True, help="Invert the images first, for dark objects on white.")
@click.option(
    "--top", default=3, show_default=True, type=click.IntRange(min=1), help="Number of classes for each image."
)
@click.option(
    "--format",
    "form",
    default="text",
    show_default=True,
    type=click.Choice(FORMATS),
    help="text: one readable line per image. csv: one row per image. json: a list of objects.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write to this file instead of the screen. The file appears when all images are done.",
)
@click.option(
    "--output-dir",
    default="mnist-runs",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder with the MLflow store of `mnist-pipeline run`; MLFLOW_TRACKING_URI overrides it.",
)
def predict(
    model: str, images: tuple[str, ...], invert: bool, top: int, form: Format, output: Path | None, output_dir: Path
) -> None:
    """Classify each IMAGE and print its most probable classes.

    MODEL is a model folder or the folder of a run, or a registered model: models:/NAME/VERSION or
    models:/NAME@champion.

    IMAGE is a PNG or JPEG file, a folder, or a pattern in quotes. A folder stands for the PNG and JPEG files in it and
    in the folders below it; hidden ones are left out. The images are turned as their cameras were held, converted to
    gray and resized to the size that the model was trained on. Like the training images, they should show a light
    object on a black background.

    An image that cannot be read is reported on standard error and left out. The others are classified, and the exit
    code is 1.

    \b
    mnist-pipeline predict models:/mnist-classifier@champion boot.png
    mnist-pipeline predict mnist-runs/.../output_model photo.jpg --invert
    mnist-pipeline predict mnist-runs/... photos 'scans/*.png' --format csv --output classes.csv
    """
    from mnist_pipeline.errors import ImageError
    from mnist_pipeline.mnist.data.image_files import find_image_files
    from mnist_pipeline.mnist.data.images import ColorNote
    from mnist_pipeline.mnist.model.model_folder import load_model
    from mnist_pipeline.mnist.model.prediction import predict_images

    files = find_image_files(images)  # before the seconds that loading a model takes
    last: ImageError | None = None  # becomes the exit code

    with tempfile.TemporaryDirectory() as aside, _destination(output) as target:
        folder = _fetch(model, output_dir, Path(aside)) if model.startswith("models:/") else Path(model)
        with _silent_tensorflow() as errors:

            def refuse(error: ImageError) -> None:
                nonlocal last
                if last is not None:
                    click.echo(f"Error: {last}", file=errors)
                last = error

            def note(sentence: str) -> None:
                click.echo(f"Note: {sentence}", file=errors)

            with _scale_warnings_to(note):
                classifier = load_model(folder)
                predictions = predict_images(
                    classifier, files, invert=invert, color_note=ColorNote(note), on_error=refuse
                )
                first = next(predictions, None)
                if first is not None:
                    for text in formatted(chain([first], predictions), form, min(top, classifier.n_classes)):
                        click.echo(text, file=target, nl=False)
                elif last is not None:
                    raise last  # here, so that no file is written
    if last is not None:
        raise last


@contextmanager
def _destination(file: Path | None) -> Iterator[TextIO]:
    """Yield standard output, or a file that appears at the end of the body.

    Raises:
        OutputError: the file cannot be written.
    """
    if file is None:
        yield sys.stdout
        return
    with written_whole(file) as (partial,), partial.open("w", encoding="utf-8", newline="") as stream:
        yield stream


@contextmanager
def _scale_warnings_to(note: Callable[[str], None]) -> Iterator[None]:
    """Pass warnings of the scale of pixels to `note`; all others are shown as before."""
    from mnist_pipeline.mnist.model.classifier import PixelScaleWarning

    with warnings.catch_warnings():
        show = warnings.showwarning

        def note_or_show(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if issubclass(category, PixelScaleWarning):
                note(str(message))
            else:
                show(message, category, filename, lineno, file, line)

        warnings.showwarning = note_or_show
        yield


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
def _silent_tensorflow() -> Iterator[TextIO]:
    """Discard standard error, because TensorFlow's start-up lines ignore every log level.

    Exceptions pass through. What is to be seen goes to the stream that is yielded.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        with os.fdopen(os.dup(kept), "w", errors="backslashreplace") as errors:
            yield errors
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
