"""`mnist-pipeline models`: the versions in the model registry, and which one is the champion."""

from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mnist_pipeline.cli.json_output import json_option, to_json
from mnist_pipeline.cli.store import client_of, find_store
from mnist_pipeline.cli.table import show as show_table
from mnist_pipeline.cli.table import shown
from mnist_pipeline.errors import RegistryError
from mnist_pipeline.mnist.registry.champion import (
    CHALLENGER,
    CHAMPION,
    MOVE_TAG,
    find_challenger,
    find_champion,
    promote,
    read_history,
    roll_back,
)
from mnist_pipeline.mnist.registry.client import RegisteredModel, registered_models
from mnist_pipeline.mnist.registry.model_name import ModelName

if TYPE_CHECKING:
    from mlflow import MlflowClient

_NUMBERS = ("accuracy", "loss", "images", "hyperparameter.")  # in other tags a number may be a commit or a digest


@click.group(short_help="List the registered models, promote a version, or roll back.")
def models() -> None:
    """List the registered models, see which version is the champion, promote another version, or roll back.

    \b
    mnist-pipeline models list
    mnist-pipeline models show 3
    mnist-pipeline models promote 2 --reason "fewer mistakes among shirts"
    mnist-pipeline models rollback

    The registry is the one that `mnist-pipeline run` writes to: the store in the folder mnist-runs, or the one in
    MLFLOW_TRACKING_URI. For the registry of an Azure ML workspace, set MLFLOW_TRACKING_URI to the workspace's
    tracking URI (azureml://...) and run `pip install 'mnist-pipeline-azureml[azure]'`.

    Programs load the champion as models:/NAME@champion. That does not work in a workspace, because Azure ML has no
    aliases: there the tags of the versions mark the champion.
    """


def _registry_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the option that says which registry, and hand the command a client of it."""

    @click.option(
        "--output-dir",
        default="mnist-runs",
        show_default=True,
        type=click.Path(path_type=Path),
        help="Folder with the MLflow store of `mnist-pipeline run`; MLFLOW_TRACKING_URI overrides it.",
    )
    @wraps(command)
    def with_registry(*args: Any, output_dir: Path, **kwargs: Any) -> None:
        store = find_store(output_dir)
        if store is None:
            raise click.UsageError(
                f"{output_dir}: no MLflow store is there; run a pipeline first, or name its --output-dir."
            )
        with client_of(store) as client:
            command(*args, client=client, **kwargs)

    return with_registry


_name_option = click.option(
    "--model-name", default=ModelName.model_name, show_default=True, help="Name of the registered model."
)


@models.command("list", short_help="List all versions of all models.")
@_registry_options
@json_option
def list_models(client: "MlflowClient", as_json: bool) -> None:
    """List all versions of all models, the newest version of each model first."""
    rows = []
    for name in registered_models(client):
        model = RegisteredModel(name, client)
        roles = _roles(model)
        rows += [
            {
                "model": name,
                "version": version.number,
                "role": roles.get(version.number, ""),
                "accuracy": version.number_in("accuracy"),
                "images": version.number_in("images"),
                "created": version.created,
            }
            for version in reversed(model.versions().values())
        ]
    if not as_json:
        rows = [row | {"accuracy": f"{row['accuracy']:.4f}"} if row["accuracy"] is not None else row for row in rows]
    show_table(rows, as_json=as_json, nothing="No model is registered.")


@models.command(short_help="Show a version, and the history of the champions.")
@_registry_options
@_name_option
@click.argument("version", type=click.IntRange(min=1), required=False)
@json_option
def show(client: "MlflowClient", model_name: str, version: int | None, as_json: bool) -> None:
    """Show the details of VERSION (default: the champion), and the history of the champions."""
    model = RegisteredModel(model_name, client)
    found = model.version(version) if version is not None else find_champion(model)
    if found is None:
        known = ", ".join(map(str, model.versions())) or "none"
        raise RegistryError(
            f"{model_name} has no champion (its versions: {known}); promote a version, or show one by its number."
        )
    history = read_history(model)
    facts = {"model": model_name, "version": found.number, "role": _roles(model).get(found.number, "")}
    facts |= {"created": found.created}
    tags = {name: value for name, value in sorted(found.tags.items()) if not name.startswith(MOVE_TAG)}
    if as_json:
        parsed = {name: found.number_in(name) for name in tags if name.startswith(_NUMBERS)}
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


@models.command("promote")
@_registry_options
@_name_option
@click.argument("version", type=click.IntRange(min=1))
@click.option("--reason", default="promoted by hand", show_default=True, help="Reason to write into the history.")
def promote_version(client: "MlflowClient", model_name: str, version: int, reason: str) -> None:
    """Make VERSION the champion, even if the policy would refuse it."""
    model = RegisteredModel(model_name, client)
    promote(model, version, reason)
    _print_champion(model)


@models.command("rollback")
@_registry_options
@_name_option
@click.option("--reason", default="rolled back", show_default=True, help="Reason to write into the history.")
def restore_previous(client: "MlflowClient", model_name: str, reason: str) -> None:
    """Restore the previous champion. A second rollback undoes the first."""
    model = RegisteredModel(model_name, client)
    roll_back(model, reason)
    _print_champion(model)


def _print_champion(model: RegisteredModel) -> None:
    newest = read_history(model)[0]
    before = f"; before it was version {newest.previous}" if newest.previous is not None else ""
    click.echo(f"{model.name}: the champion is version {newest.version}{before}")


def _roles(model: RegisteredModel) -> dict[int, str]:
    """Return the roles of those versions that have one: champion, challenger, or both with a comma."""
    roles: dict[int, str] = {}
    for version, role in ((find_champion(model), CHAMPION), (find_challenger(model), CHALLENGER)):
        if version is not None:
            number = version.number
            roles[number] = f"{roles[number]}, {role}" if number in roles else role
    return roles
