"""A client of one registered model. Everything else sees our own `Version` and none of MLflow's entities."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from mnist_pipeline.errors import RegistryError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

MODEL_DIGEST = "sha256.model"  # tag of a version
DATA_DIGEST = "sha256.test_data"  # tag of a version
ACCURACY = "accuracy"  # tag of a version

_PROMPT_TAG = "mlflow.prompt.is_prompt"  # marks the prompts, which MLflow keeps among the models
_EXISTS = ("RESOURCE_ALREADY_EXISTS", "ALREADY_EXISTS")


@dataclass(frozen=True)
class Version:
    """One version of a registered model.

    Attributes:
        model: Name of the registered model.
        number: Number of the version, from 1 on.
        created: When the version was created, UTC.
        source: URI of the model's files, in the artifacts of the run that logged them.
        run_id: The id of that run; None if the version was not created from a run.
        description: Text for people.
        tags: Facts about the version, all as text.
    """

    model: str
    number: int
    created: datetime
    source: str
    run_id: str | None
    description: str
    tags: Mapping[str, str]

    def number_in(self, tag: str) -> int | float | None:
        """Return the number that a tag holds; None if there is no such tag, or no finite number in it."""
        for kind in (int, float):
            with suppress(KeyError, ValueError):
                number: int | float = kind(self.tags[tag])
                return number if math.isfinite(number) else None
        return None


class RegisteredModel:
    """The versions and aliases of one registered model, which need not exist yet.

    Raises (by each method):
        RegistryError: the registry cannot be reached or refuses the request.
    """

    def __init__(self, name: str, client: "MlflowClient") -> None:
        """Look at a model through a client, whose tracking URI says in which registry."""
        self.name = name
        self.client = client

    def versions(self) -> dict[int, Version]:
        """Return all versions by number, the oldest first; an empty dict if the model does not exist."""
        with self.named_errors():
            found = [_version(entity) for entity in _search_versions(self.client, f"name='{self.name}'")]
        return {version.number: version for version in sorted(found, key=lambda version: version.number)}

    def version(self, number: int) -> Version:
        """Return one version.

        Raises:
            RegistryError: there is no version with this number.
        """
        versions = self.versions()
        if number not in versions:
            known = ", ".join(map(str, versions)) or "none"
            raise RegistryError(f"{self.name} has no version {number}; there is {known}.")
        return versions[number]

    def find_version(self, model_digest: str) -> Version | None:
        """Return the oldest version of the model with this SHA-256 digest; None if there is none."""
        return next(iter(self._versions_with(model_digest)), None)

    def create_version(self, source: str, run_id: str, tags: Mapping[str, str], description: str) -> Version:
        """Create a version, and the registered model too if it does not exist yet.

        Args:
            source: URI of the model's files, in the artifacts of the run.
            run_id: The run that logged the files.
            tags: Facts about the version.
            description: Text for people.
        """
        from mlflow.exceptions import MlflowException

        with self.named_errors():
            try:
                self.client.create_registered_model(self.name)
            except MlflowException as error:
                if error.error_code not in _EXISTS:
                    raise
            return _version(
                self.client.create_model_version(self.name, source, run_id, tags=dict(tags), description=description)
            )

    def delete_duplicates(self, version: Version) -> Version:
        """Delete all versions of the same model but the oldest one; return the oldest one.

        Two processes that register the same model at the same moment create two versions of it. Both then call this.

        Args:
            version: One of them, with its model's digest in the tag `sha256.model`.
        """
        from mlflow.exceptions import MlflowException

        oldest, *duplicates = self._versions_with(version.tags[MODEL_DIGEST]) or [version]
        for duplicate in duplicates:
            with self.named_errors():
                try:
                    self.client.delete_model_version(self.name, str(duplicate.number))
                except MlflowException as error:
                    if error.error_code != "RESOURCE_DOES_NOT_EXIST":  # the other process was faster
                        raise
        return oldest

    def set_tag(self, number: int, tag: str, value: str) -> None:
        """Set a tag of a version."""
        with self.named_errors():
            self.client.set_model_version_tag(self.name, str(number), tag, value)

    def aliases(self) -> dict[str, int]:
        """Return the number of the version behind each alias; an empty dict if the registry has no aliases.

        Raises:
            RegistryError: the model does not exist.
        """
        with self.named_errors():
            aliases = self.client.get_registered_model(self.name).aliases
        return {alias: int(number) for alias, number in aliases.items()}

    def set_alias(self, alias: str, number: int) -> None:
        """Let an alias mean a version. Does nothing in a registry without aliases, such as Azure ML's."""
        from mlflow.exceptions import MlflowException

        with self.named_errors():
            for last_attempt in (False, False, True):
                try:
                    self.client.set_registered_model_alias(self.name, alias, str(number))
                except MlflowException as error:
                    if error.error_code == "ENDPOINT_NOT_FOUND":  # a registry without aliases
                        return
                    # MLflow answers BAD_REQUEST if another process sets the alias for the first time just now.
                    if last_attempt or error.error_code != "BAD_REQUEST":
                        raise
                else:
                    return

    def download(self, uri: str, folder: Path) -> Path:
        """Download an artifact, a file or a folder, to somewhere below `folder`; return its path there.

        Raises:
            RegistryError: the artifact was a file or folder of this machine, and is gone.
        """
        from mnist_pipeline.mnist.tracking import download_artifact

        path = Path(unquote(urlsplit(uri).path)) if uri.startswith("file:") else Path(uri)
        if path.is_absolute() and not path.exists():
            raise RegistryError(
                f"{self.name}: its files were in {path}, which does not exist; put them back, and move the folder of "
                "an MLflow store only as a whole, with the database and the artifacts beside it."
            )
        with self.named_errors():
            return download_artifact(uri, folder, self.client.tracking_uri)

    def download_version(self, number: int, folder: Path) -> Path:
        """Download the files of a version to somewhere below `folder`; return their folder."""
        with self.named_errors():
            uri = self.client.get_model_version_download_uri(self.name, str(number))
        return self.download(uri, folder)

    def download_description(self, number: int, folder: Path) -> Path:
        """Download only the file `MLmodel` of a version to somewhere below `folder`; return its path."""
        with self.named_errors():
            uri = self.client.get_model_version_download_uri(self.name, str(number))
        return self.download(f"{uri.rstrip('/')}/MLmodel", folder)

    @contextmanager
    def named_errors(self) -> Iterator[None]:
        """Turn an error of MLflow's in the body into one that names the registry and the model.

        Raises:
            RegistryError: the body raised an error of MLflow's.
        """
        from mlflow.exceptions import MlflowException

        try:
            yield
        except MlflowException as error:
            raise RegistryError(
                f"the registry at {_registry_uri(self.client)} refused {self.name!r}: {error.message}"
            ) from error

    def _versions_with(self, model_digest: str) -> list[Version]:
        """Return the versions of the model with this digest, the oldest first."""
        return [version for version in self.versions().values() if version.tags.get(MODEL_DIGEST) == model_digest]


def registered_models(client: "MlflowClient") -> list[str]:
    """Return the names of all models that have versions, sorted.

    The names are collected from the versions, because MLflow's own search of models excludes prompts with a filter that
    Azure refuses.

    Raises:
        RegistryError: the registry cannot be reached.
    """
    from mlflow.exceptions import MlflowException

    try:
        found = list(_search_versions(client))
    except MlflowException as error:
        raise RegistryError(f"the registry at {_registry_uri(client)}: {error.message}") from error
    return sorted({entity.name for entity in found if _PROMPT_TAG not in entity.tags})


def _search_versions(client: "MlflowClient", filter_string: str | None = None) -> "Iterator[ModelVersion]":
    """Yield the versions of all pages of a search."""
    token: str | None = None
    while True:
        page = client.search_model_versions(filter_string, page_token=token)
        yield from page
        if not (token := page.token):
            return


def _version(entity: "ModelVersion") -> Version:
    return Version(
        model=entity.name,
        number=int(entity.version),
        created=datetime.fromtimestamp(entity.creation_timestamp / 1000, UTC),
        source=entity.source or "",
        run_id=entity.run_id,
        description=entity.description or "",
        tags=dict(entity.tags),
    )


def _registry_uri(client: "MlflowClient") -> str:
    return str(client._registry_uri)  # MLflow has no public name for it
