"""The names of the pipelines on the command line, and jobs made from them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from mnist_pipeline.errors import SettingError
from mnist_pipeline.mnist.data.named_data import FASHION_MNIST, SAMPLE
from mnist_pipeline.settings import read_value

if TYPE_CHECKING:
    from azure.ai.ml.entities import PipelineJob

    from mnist_pipeline.settings import Range

PIPELINES: Mapping[str, tuple[str, ...]] = {  # with the inputs that are data
    "image-classification": ("pipeline_input_data",),
    "train-evaluate-register": ("train_data_asset_uri", "test_data_asset_uri"),
}
TRAIN_NODE = "train_node"


def make_job(pipeline: str, data: tuple[str, ...], settings: tuple[str, ...]) -> "PipelineJob":
    """Make a job of a pipeline.

    Args:
        pipeline: One of PIPELINES.
        data: As typed: a value, or input=value where a pipeline reads more than one.
        settings: As typed: input=value.

    Raises:
        click.UsageError: an input is missing or unknown, or has the wrong type or is out of its range.
        WorkspaceError: a job cannot read the data.
    """
    from azure.ai.ml import Input

    from mnist_pipeline import pipelines

    function = getattr(pipelines, f"{pipeline.replace('-', '_')}_pipeline")
    arguments: dict[str, Any] = {}
    for name, text in _split_data(pipeline, data).items():
        path, class_names = _find(text) if pipeline == "image-classification" else _find_any(text)
        arguments[name] = Input(type="uri_folder", path=path)
        if class_names:
            arguments["class_names"] = class_names
    arguments |= _read_settings(function.ranges, settings)
    job: PipelineJob = function(**arguments)
    return job


def _split_data(pipeline: str, data: tuple[str, ...]) -> dict[str, str]:
    names = PIPELINES[pipeline]
    values: dict[str, str] = {}
    for text in data:
        name, sign, value = text.partition("=")
        if not (sign and name in names):
            if len(names) > 1:
                raise click.UsageError(
                    f"{pipeline} reads more than one data input; give {' and '.join(f'--data {n}=...' for n in names)}."
                )
            name, value = names[0], text
        if name in values:
            raise click.UsageError(f"--data is given twice for {name}; give it once.")
        values[name] = value
    if missing := [name for name in names if name not in values]:
        wanted = "--data" if len(names) == 1 else " and ".join(f"--data {name}=..." for name in missing)
        raise click.UsageError(f"{pipeline} needs {wanted}.")
    return values


def _find(text: str) -> tuple[str, str]:
    """Return the path and the class names of data, as one text; IDX files on this machine are checked first."""
    from mnist_pipeline.mnist.data.named_data import fetch_data
    from mnist_pipeline.sdk import is_local
    from mnist_pipeline.workspace.data import data_path

    if text not in (SAMPLE, FASHION_MNIST):
        text = data_path(text)
        if not is_local(text):
            return text, ""
    found = fetch_data(text)
    return str(found.folder), ",".join(found.class_names)


def _find_any(text: str) -> tuple[str, str]:
    from mnist_pipeline.workspace.data import data_path

    return data_path(text), ""


def _read_settings(ranges: "Mapping[str, Range]", settings: tuple[str, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for text in settings:
        name, sign, value = text.partition("=")
        if not sign or name not in ranges:
            raise click.UsageError(f"--set {text}: give input=value; inputs are {', '.join(ranges)}.")
        try:
            values[name] = read_value(name, value, ranges[name])
        except SettingError as error:
            raise click.UsageError(str(error)) from error
    return values
