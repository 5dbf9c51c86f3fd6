"""`mnist-pipeline models`: the model registry, and who is champion."""

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mnist_pipeline.cli.json_output import json_option, to_json
from mnist_pipeline.cli.store import find_store, looking_into
from mnist_pipeline.cli.table import show as show_table
from mnist_pipeline.cli.table import shown
from mnist_pipeline.mnist.registry.model_name import ModelName
from mnist_pipeline.mnist.registry.versions import MOVE_TAG

if TYPE_CHECKING:
    from datetime import datetime

    from mlflow.entities.model_registry import ModelVersion

    from mnist_pipeline.mnist.registry.versions import ModelVersions


_NUMBERS = ("accuracy", "loss", "images", "hyperparameter.")  # other tags may look like numbers: a commit, a digest


@click.group(short_help="See which model is champion; promote another, or roll back.")
def models() -> None:
    """See which version of a model is the champion and who was before; promote another, or roll back.

    \b
    mnist-pipeline models list
    mnist-pipeline models show 3
    mnist-pipeline models promote 2 --reason "fewer mistakes among shirts"
    mnist-pipeline models rollback

    The registry is the one that `mnist-pipeline run` writes to: in the folder mnist-runs, or where MLFLOW_TRACKING_URI
    says; the tracking URI of an Azure ML workspace, azureml://..., needs this package's extra `azure`. Programs load
    the champion as models:/NAME@champion, but not from a workspace: there only tags say which version it is.
    """


def _registry_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say which registry, and open it before the command runs."""

    @click.option(
        "--output-dir",
        default="mnist-runs",
        show_default=True,
        type=click.Path(path_type=Path),
        help="Folder with the MLflow store; MLFLOW_TRACKING_URI names another store or server.",
    )
    @wraps(command)
    def with_registry(*args: Any, output_dir: Path, **kwargs: Any) -> None:
        store = find_store(output_dir)
        if store is None:
            raise click.UsageError(
                f"{output_dir}: no MLflow store is there; run a pipeline first, or name its --output-dir."
            )
        with looking_into(store):
            command(*args, **kwargs)

    return with_registry


_name_option = click.option(
    "--model-name", default=ModelName.model_name, show_default=True, help="Name in the registry."
)


@models.command("list")
@_registry_options
@json_option
def list_models(as_json: bool) -> None:
    """List all versions of all models, the newest first."""
    from mnist_pipeline.mnist.registry.versions import ModelVersions, registered_models

    rows = []
    for name in registered_models():
        versions = ModelVersions(name)
        roles = _roles(versions)
        rows += [
            {
                "model": name,
                "version": number,
                "role": roles.get(number, ""),
                "accuracy": _number(version.tags.get("accuracy")),
                "images": _number(version.tags.get("images")),
                "created": _created(version),
            }
            for number, version in reversed(versions.all().items())
        ]
    if not as_json:
        rows = [row | {"accuracy": f"{row['accuracy']:.4f}"} if row["accuracy"] is not None else row for row in rows]
    show_table(rows, as_json=as_json, nothing="No model is registered.")


@models.command(short_help="Show all about a version, and who was champion when.")
@_registry_options
@_name_option
@click.argument("version", type=click.IntRange(min=1), required=False)
@json_option
def show(model_name: str, version: int | None, as_json: bool) -> None:
    """Show all about VERSION, the champion if none is given, and who was champion when."""
    from mnist_pipeline.errors import RegistryError
    from mnist_pipeline.mnist.registry.versions import ModelVersions

    versions = ModelVersions(model_name)
    found = versions.get(version) if version is not None else versions.champion()
    if found is None:
        known = ", ".join(map(str, versions.all())) or "none"
        raise RegistryError(f"{model_name} has no champion; its versions: {known}; promote one or show one by number.")
    history = versions.history()
    facts = {"model": model_name, "version": int(found.version), "role": _roles(versions).get(int(found.version), "")}
    facts |= {"created": _created(found)}
    tags = {name: value for name, value in sorted(found.tags.items()) if not name.startswith(MOVE_TAG)}
    if as_json:
        parsed = {name: _number(value) for name, value in tags.items() if name.startswith(_NUMBERS)}
        numbers = tags | {name: number for name, number in parsed.items() if number is not None}
        reigns = [asdict(reign) for reign in history]
        click.echo(to_json({**facts, **numbers, "description": found.description, "history": reigns}, indent=2))
        return
    width = max(map(len, facts | tags))
    for name, value in (facts | tags).items():
        click.echo(f"{name:<{width}}  {shown(value)}")
    click.echo(f"\n{found.description}" if found.description else "")
    rows = [
        {
            "champion": f"version {reign.version}",
            "since": reign.since,
            "until": reign.until or "now",
            "because": reign.reason,
        }
        for reign in history
    ]
    show_table(rows, as_json=False, nothing=f"{model_name} never had a champion.")


@models.command()
@_registry_options
@_name_option
@click.argument("version", type=click.IntRange(min=1))
@click.option("--reason", default="promoted by hand", show_default=True, help="For the history.")
def promote(model_name: str, version: int, reason: str) -> None:
    """Make VERSION the champion, whatever the policy said of it."""
    from mnist_pipeline.mnist.registry.versions import ModelVersions

    versions = ModelVersions(model_name)
    versions.crown(version, reason)
    _say_champion(versions)


@models.command(short_help="Make the champion before the present one champion again.")
@_registry_options
@_name_option
@click.option("--reason", default="rolled back", show_default=True, help="For the history.")
def rollback(model_name: str, reason: str) -> None:
    """Make the champion before the present one champion again; done twice, the present one is champion again."""
    from mnist_pipeline.mnist.registry.versions import ModelVersions

    versions = ModelVersions(model_name)
    versions.roll_back(reason)
    _say_champion(versions)


def _say_champion(versions: "ModelVersions") -> None:
    history = versions.history()
    before = f"; before it was version {history[0].previous}" if history[0].previous is not None else ""
    click.echo(f"{versions.name}: the champion is version {history[0].version}{before}")


def _roles(versions: "ModelVersions") -> dict[int, str]:
    champion, challenger = versions.champion(), versions.challenger()
    roles: dict[int, str] = {}
    for version, role in ((champion, "champion"), (challenger, "challenger")):
        if version is not None:
            number = int(version.version)
            roles[number] = f"{roles[number]}, {role}" if number in roles else role
    return roles


def _created(version: "ModelVersion") -> "datetime":
    from datetime import UTC, datetime

    return datetime.fromtimestamp(version.creation_timestamp / 1000, UTC)


def _number(text: str | None) -> int | float | None:
    """Return the number that a tag holds; None if it holds none."""
    for kind in (int, float):
        with suppress(TypeError, ValueError):
            number: int | float = kind(text)  # type: ignore[arg-type]  # None is no number
            return number if math.isfinite(number) else None
    return None
