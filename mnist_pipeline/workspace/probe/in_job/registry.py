"""Check what the model registry can do from inside a job."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from .report import Report, expect

if TYPE_CHECKING:
    from mlflow import MlflowClient

# More than the package writes, which is about thirty tags of a few hundred characters, and one for each promotion.
_TAGS = {f"check.{number:02}": "x" * 1000 for number in range(60)}
_DESCRIPTION = "y" * 2000
_TIME_TAG = "champion.2026-01-01T00.00.00.000000Z"
_EXISTS = ("RESOURCE_ALREADY_EXISTS", "ALREADY_EXISTS")


def check_registry(report: Report, client: "MlflowClient", name: str, run_id: str, source: str) -> None:
    """Check everything that the package asks of the registry, except deletion.

    Args:
        report: Takes the results, and the versions that were made as the facts `version` and `made`.
        client: A client of the registry.
        name: The name of a model that does not exist yet.
        run_id: The run that logged the model's files.
        source: The URI of these files in the run's artifacts.
    """
    made: list[tuple[str, str]] = []

    def create(model: str, **more: object) -> str:
        number = str(client.create_model_version(model, source, run_id, **more).version)  # type: ignore[arg-type]
        made.append((model, number))
        report.fact("made", " ".join(":".join(version) for version in made))
        return number

    def first_version() -> str:
        client.create_registered_model(name)
        number = create(name, tags={"sha256.model": "0" * 64}, description="made by mnist-pipeline azure probe")
        report.fact("version", number)
        return f"version {number} was made from the run's artifacts"

    def many_facts() -> str:
        number = create(name, tags=_TAGS, description=_DESCRIPTION)
        found = client.get_model_version(name, number)
        expect({tag: found.tags.get(tag) for tag in _TAGS}, _TAGS, "the tags of a version")
        expect(found.description, _DESCRIPTION, "the description of a version")
        return f"{len(_TAGS)} tags of 1000 characters and a description of {len(_DESCRIPTION)} characters were kept"

    def tag_later() -> str:
        value = '{"previous": null, "reason": "tried"}'
        client.set_model_version_tag(name, report.facts["version"], _TIME_TAG, value)
        found = client.get_model_version(name, report.facts["version"]).tags
        expect(found.get(_TIME_TAG), value, "a tag that was set later")
        return "a tag with a time in its name and JSON as its value was set"

    def search() -> str:
        found = {str(version.version): version.tags for version in client.search_model_versions(f"name='{name}'")}
        expect(
            found.get(report.facts["version"], {}).get("sha256.model"), "0" * 64, "the tag of a version found by name"
        )
        return f"{len(found)} versions were found by the model's name, with their tags"

    report.check("version-from-artifacts", first_version, after="artifacts")
    report.check("version-facts", many_facts, after="version-from-artifacts")
    report.check("version-tag-later", tag_later, after="version-from-artifacts")
    report.check("search-versions", search, after="version-from-artifacts")
    report.check("list-models", lambda: _list_models(client, name), after="version-from-artifacts")
    report.check("aliases", lambda: _aliases(client, name, report.facts["version"]), after="version-from-artifacts")
    report.check(
        "registrations-at-once", lambda: _register_at_once(client, name, create), after="version-from-artifacts"
    )


def _list_models(client: "MlflowClient", name: str) -> str:
    """Find all models through a search of all versions, as `mnist-pipeline models list` does."""
    found = {version.name for version in client.search_model_versions()}
    expect(name in found, True, f"{name} is among the models")
    return f"{len(found)} models were found by their versions"


def _aliases(client: "MlflowClient", name: str, version: str) -> str:
    """Set an alias, or get the one error by which the package recognizes a registry without aliases."""
    from mlflow.exceptions import MlflowException

    try:
        client.set_registered_model_alias(name, "champion", version)
    except MlflowException as error:
        if error.error_code != "ENDPOINT_NOT_FOUND":
            raise
        expect(dict(client.get_registered_model(name).aliases), {}, "the aliases of a registry that has none")
        return "the registry has no aliases; the package's tags say who is champion"
    found = {alias: str(number) for alias, number in client.get_registered_model(name).aliases.items()}
    expect(found, {"champion": version}, "the aliases")
    return "an alias was set and read back"


def _register_at_once(client: "MlflowClient", name: str, create: Callable[[str], str]) -> str:
    """Register the same new model in two threads at the same moment, as two runs of a pipeline may."""
    from mlflow.exceptions import MlflowException

    model = f"{name}-at-once"
    together = threading.Barrier(2)

    def register(_: int) -> str:
        together.wait(60)
        try:
            client.create_registered_model(model)
        except MlflowException as error:
            if error.error_code not in _EXISTS:
                raise
        return create(model)

    with ThreadPoolExecutor(2) as pool:
        numbers = sorted(pool.map(register, range(2)))
    expect(len(set(numbers)), 2, f"number of versions after two registrations (versions {', '.join(numbers)})")
    return "two registrations at the same moment made two versions"
