"""The versions of one registered model: which is the champion, which were, and how that changes.

The registry itself keeps all of it. The alias `champion` says which version is the champion now. Each time before it
moves, the version that it moves to is given a tag `champion.<time>`, whose JSON value names the version before and the
reason. From the alias back through these tags runs the history; a tag that nothing leads to is of a move that did not
come about, because its process was killed or lost a race. A registry that has no aliases, as Azure ML's, has the same
tags, and the newest one says which version is the champion.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mnist_pipeline.errors import RegistryError

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

CHAMPION = "champion"
CHALLENGER = "challenger"
MODEL_DIGEST = "sha256.model"  # tag
DATA_DIGEST = "sha256.test_data"  # tag
ACCURACY = "accuracy"  # tag
MOVE_TAG = "champion."  # how the tags of the moves begin
_PROMPT_TAG = "mlflow.prompt.is_prompt"  # of what MLflow keeps among the models though it is none

_TIME = "%Y-%m-%dT%H.%M.%S.%fZ"  # sorts as text; a tag's name may hold no colon everywhere


def registered_models() -> list[str]:
    """Return the names of the models that have versions in MLflow's present registry.

    They are found by their versions: MLflow's own search of models leaves out prompts by a filter that Azure refuses.

    Raises:
        RegistryError: the registry cannot be reached.
    """
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        found = mlflow.search_model_versions()
        return sorted({version.name for version in found if _PROMPT_TAG not in version.tags})
    except MlflowException as error:
        raise RegistryError(f"the registry at {mlflow.get_registry_uri()}: {error.message}") from error


@dataclass(frozen=True)
class Reign:
    """A version's time as the champion.

    Attributes:
        version: Its number.
        since: When it began, UTC.
        until: When the next began; None for the present champion.
        previous: The champion before; None for the first.
        reason: Why it became the champion.
    """

    version: int
    since: datetime
    until: datetime | None
    previous: int | None
    reason: str


@dataclass(frozen=True)
class _Move:
    """What a tag `champion.<time>` says."""

    time: str
    version: int
    previous: int | None
    reason: str


class ModelVersions:
    """The versions of one registered model.

    Raises (by each method):
        RegistryError: the registry cannot be reached or refuses.
    """

    def __init__(self, name: str) -> None:
        """Look at the versions of `name` in MLflow's present registry; the model need not exist yet."""
        from mlflow import MlflowClient

        self.client = MlflowClient()
        self.name = name

    def all(self) -> dict[int, "ModelVersion"]:
        """Return the versions by number, oldest first; none where the model does not exist."""
        import mlflow

        with self.named_errors():
            found = mlflow.search_model_versions(filter_string=f"name='{self.name}'")  # page by page
        return {int(version.version): version for version in sorted(found, key=lambda one: int(one.version))}

    def get(self, number: int) -> "ModelVersion":
        """Return one version.

        Raises:
            RegistryError: there is none of that number.
        """
        return self._pick(number, self.all())

    def champion(self) -> "ModelVersion | None":
        """Return the version behind the alias `champion`, or the newest move's where the registry has no aliases."""
        return self._champion_among(self.all())

    def challenger(self) -> "ModelVersion | None":
        """Return the version behind the alias `challenger`, or the newest where the registry has no aliases."""
        versions = self.all()
        number = self._aliases().get(CHALLENGER) if versions else None
        return versions.get(number if number is not None else max(versions, default=0))

    def history(self) -> list[Reign]:
        """Return who was champion when, the present one first."""
        versions = self.all()
        champion = self._champion_among(versions)
        if champion is None:
            return []
        moves = sorted(_moves(versions), key=lambda move: move.time, reverse=True)
        reigns: list[Reign] = []
        number: int | None = int(champion.version)
        until: datetime | None = None
        for move in moves:
            if move.version == number:
                since = datetime.strptime(move.time, _TIME).replace(tzinfo=UTC)
                reigns.append(Reign(number, since, until, move.previous, move.reason))
                number, until = move.previous, since
        return reigns

    def find(self, model_digest: str) -> "ModelVersion | None":
        """Return the oldest version of the model with this digest, and delete any other: made at the same moment."""
        from mlflow.exceptions import MlflowException

        same = [version for version in self.all().values() if version.tags.get(MODEL_DIGEST) == model_digest]
        for duplicate in same[1:]:
            with self.named_errors():
                try:
                    self.client.delete_model_version(self.name, duplicate.version)
                except MlflowException as error:
                    if error.error_code != "RESOURCE_DOES_NOT_EXIST":  # the other process was faster
                        raise
        return same[0] if same else None

    def create(self, source: str, run_id: str, model_digest: str, tags: dict[str, str], text: str) -> "ModelVersion":
        """Make a version of the model with this digest; of two made at once the older stays and is returned.

        Args:
            source: Where the model's files are, below the run's artifacts.
            run_id: The run that logged them.
            model_digest: SHA-256 of the model.
            tags: Facts about the version.
            text: Its description.
        """
        from mlflow.exceptions import MlflowException

        with self.named_errors():
            try:
                self.client.create_registered_model(self.name)
            except MlflowException as error:
                if error.error_code not in ("RESOURCE_ALREADY_EXISTS", "ALREADY_EXISTS"):
                    raise
            tags = {**tags, MODEL_DIGEST: model_digest}
            made = self.client.create_model_version(self.name, source, run_id, tags=tags, description=text)
        return self.find(model_digest) or made

    def challenge(self, number: int) -> None:
        """Give a version the alias `challenger`."""
        self._set_alias(CHALLENGER, number)

    def download(self, uri: str, folder: Path) -> Path:
        """Bring an artifact here, a file or a folder; return where it is, below `folder`."""
        from mnist_pipeline.mnist.tracking import download_artifact

        with self.named_errors():
            return download_artifact(uri, folder)

    def download_model(self, number: int, folder: Path) -> Path:
        """Bring the files of a version here; return their folder."""
        with self.named_errors():
            uri = self.client.get_model_version_download_uri(self.name, str(number))
        return self.download(uri, folder)

    def crown(self, number: int, reason: str) -> int:
        """Make a version the champion, whichever is it now; return its number.

        Args:
            number: The version.
            reason: Why, for the history.

        Raises:
            RegistryError: there is no such version.
        """
        versions = self.all()
        self._pick(number, versions)
        self._move(number, number_of(self._champion_among(versions)), reason, _moves(versions))
        return number

    def contend(self, number: int, opponent: int | None, reason: str) -> int | None:
        """Make a version the champion in the place of the one that it was compared with.

        Others may do the same at the same moment. MLflow's registry has no compare-and-set: of those that replace the
        same champion unaware of each other the most accurate stays, of equal ones the oldest, whichever comes last.

        Args:
            number: The version.
            opponent: The champion that it was compared with; None if there was none.
            reason: Why, for the history.

        Returns:
            The number of the champion after that; None, and nothing was changed, if the champion is neither of the two.

        Raises:
            RegistryError: there is no such version.
        """
        versions = self.all()
        self._pick(number, versions)
        champion = number_of(self._champion_among(versions))
        if champion not in (opponent, number):
            return None
        moves = _moves(versions)
        began = _last_move_to(opponent, moves)
        self._move(number, champion, reason, moves)
        if champion == number:
            return number
        versions = self.all()
        best = _best_since(began, number, versions)
        if best != number:
            self._set_alias(CHAMPION, best)
        if best != (champion := number_of(self._champion_among(versions))):  # without aliases the last word counts
            reason = f"more accurate than version {champion}, which came at the same moment"
            self._announce(best, champion, reason, _moves(versions))
        return best

    def _move(self, number: int, previous: int | None, reason: str, moves: list[_Move]) -> None:
        """Say that the champion is about to move, unless a process that was killed has said so, and move the alias."""
        began = _last_move_to(previous, moves)
        said = any(move.version == number and move.previous == previous and move.time > began for move in moves)
        if previous != number and not said:
            self._announce(number, previous, reason, moves)
        self._set_alias(CHAMPION, number)

    def _announce(self, number: int, previous: int | None, reason: str, moves: list[_Move]) -> None:
        """Put on record that the champion is about to move, as the newest of the moves."""
        now = datetime.now(UTC).strftime(_TIME)
        time = max([now, *(_after(move.time) for move in moves)])
        value = json.dumps({"previous": previous, "reason": reason})
        with self.named_errors():
            self.client.set_model_version_tag(self.name, str(number), f"{MOVE_TAG}{time}", value)

    def _champion_among(self, versions: dict[int, "ModelVersion"]) -> "ModelVersion | None":
        number = self._aliases().get(CHAMPION) if versions else None
        if number is None:
            newest = max(_moves(versions), key=lambda move: move.time, default=None)
            number = newest.version if newest else None
        return versions.get(number) if number is not None else None

    def _pick(self, number: int, versions: dict[int, "ModelVersion"]) -> "ModelVersion":
        if number not in versions:
            known = ", ".join(map(str, versions)) or "none"
            raise RegistryError(f"{self.name} has no version {number}; there is {known}.")
        return versions[number]

    def roll_back(self, reason: str) -> int:
        """Make the champion before the present one champion again; return its number.

        Raises:
            RegistryError: there was none, or it is gone.
        """
        history = self.history()
        previous = history[0].previous if history else None
        if previous is None:
            raise RegistryError(f"{self.name} had no champion before the present one; promote a version by its number.")
        return self.crown(previous, reason)

    def _aliases(self) -> dict[str, int]:
        with self.named_errors():
            aliases = self.client.get_registered_model(self.name).aliases
        return {alias: int(number) for alias, number in aliases.items()}

    def _set_alias(self, alias: str, number: int) -> None:
        from mlflow.exceptions import MlflowException

        with self.named_errors():
            for last in (False, False, True):
                try:
                    self.client.set_registered_model_alias(self.name, alias, str(number))
                except MlflowException as error:
                    if error.error_code == "ENDPOINT_NOT_FOUND":  # a registry without aliases: the tags say the same
                        return
                    if last or error.error_code != "BAD_REQUEST":  # which MLflow answers the later of two at once
                        raise
                else:
                    return

    @contextmanager
    def named_errors(self) -> Iterator[None]:
        """Say which registry refused what.

        Raises:
            RegistryError: MLflow raised an error in the body.
        """
        import mlflow
        from mlflow.exceptions import MlflowException

        try:
            yield
        except MlflowException as error:
            uri = mlflow.get_registry_uri()
            raise RegistryError(f"the registry at {uri} refused {self.name!r}: {error.message}") from error


def number_of(version: "ModelVersion | None") -> int | None:
    """Return the number of a version; None for none."""
    return int(version.version) if version is not None else None


def _last_move_to(number: int | None, moves: list[_Move]) -> str:
    return max((move.time for move in moves if move.version == number), default="")


def _best_since(began: str, number: int, versions: dict[int, "ModelVersion"]) -> int:
    """Of the versions that were to be champion since then, of the same test data as `number`, return the best."""
    data = versions[number].tags.get(DATA_DIGEST)
    rivals = {
        move.version
        for move in _moves(versions)
        if move.time > began and versions[move.version].tags.get(DATA_DIGEST) == data
    }
    return max(rivals, key=lambda one: (float(versions[one].tags.get(ACCURACY, -1)), -one), default=number)


def _moves(versions: dict[int, "ModelVersion"]) -> list[_Move]:
    moves = []
    for number, version in versions.items():
        for tag, value in version.tags.items():
            if not tag.startswith(MOVE_TAG):
                continue
            time = tag.removeprefix(MOVE_TAG)
            try:
                datetime.strptime(time, _TIME)
                content = json.loads(value)
                moves.append(_Move(time, number, content["previous"], content["reason"]))
            except (ValueError, KeyError, TypeError) as error:
                raise RegistryError(
                    f"{version.name} version {number}: the tag {tag} is not one of this package's; delete it."
                ) from error
    return moves


def _after(time: str) -> str:
    """A microsecond later: the order of the moves does not depend on whose clock is slow."""
    return (datetime.strptime(time, _TIME) + timedelta(microseconds=1)).strftime(_TIME)
