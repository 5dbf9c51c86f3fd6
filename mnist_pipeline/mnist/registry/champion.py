"""Which version of a model is the champion, which versions were, and how that changes.

The registry itself stores all of it. The alias `champion` says which version is the champion now. Before the alias
moves, the version that it moves to gets a tag `champion.<time>`. The tag's JSON value holds the previous champion and
the reason. The history starts at the alias and follows these tags back in time. A tag that this path does not reach
belongs to a move that was never completed, because its process was killed or lost a race. A registry without aliases,
such as Azure ML's, has the same tags; there the newest tag says which version is the champion.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mnist_pipeline.errors import RegistryError
from mnist_pipeline.mnist.registry.client import ACCURACY, DATA_DIGEST, RegisteredModel, Version

CHAMPION = "champion"  # alias
CHALLENGER = "challenger"  # alias
MOVE_TAG = "champion."  # the tag of a move starts with it

_TIME = "%Y-%m-%dT%H.%M.%S.%fZ"  # sorts as text; not every registry takes a colon in the name of a tag


@dataclass(frozen=True)
class Reign:
    """A version's time as the champion.

    Attributes:
        version: Number of the version.
        since: When it became the champion, UTC.
        until: When the next champion replaced it, UTC; None for the present champion.
        previous: Number of the champion before; None for the first champion.
        reason: Why it became the champion.
    """

    version: int
    since: datetime
    until: datetime | None
    previous: int | None
    reason: str


@dataclass(frozen=True)
class _Move:
    """The content of a tag `champion.<time>`: at that time, `version` was about to replace `previous`."""

    time: str
    version: int
    previous: int | None
    reason: str


def find_champion(model: RegisteredModel) -> Version | None:
    """Return the version with the alias `champion`; in a registry without aliases, the version of the newest move.

    Raises:
        RegistryError: the registry cannot be reached or refuses the request, or a tag of a move is damaged.
    """
    return _champion_among(model.versions(), model)


def find_challenger(model: RegisteredModel) -> Version | None:
    """Return the version with the alias `challenger`; in a registry without aliases, the newest version.

    Raises:
        RegistryError: the registry cannot be reached or refuses the request.
    """
    versions = model.versions()
    if not versions:
        return None
    return versions.get(model.aliases().get(CHALLENGER, max(versions)))


def read_history(model: RegisteredModel) -> list[Reign]:
    """Return which version was champion when, the present champion first.

    Raises:
        RegistryError: the registry cannot be reached or refuses the request, or a tag of a move is damaged.
    """
    versions = model.versions()
    number = _number(_champion_among(versions, model))
    until: datetime | None = None
    reigns: list[Reign] = []
    for move in sorted(_moves(versions), key=lambda move: move.time, reverse=True):
        if move.version == number:
            since = datetime.strptime(move.time, _TIME).replace(tzinfo=UTC)
            reigns.append(Reign(move.version, since, until, move.previous, move.reason))
            number, until = move.previous, since
    return reigns


def promote(model: RegisteredModel, number: int, reason: str) -> None:
    """Make a version the champion, whichever version is the champion now.

    Args:
        model: The registered model.
        number: Number of the version.
        reason: Why, for the history.

    Raises:
        RegistryError: the registry cannot be reached or refuses the request, or has no such version.
    """
    model.version(number)
    versions = model.versions()
    _move(model, number, _number(_champion_among(versions, model)), reason, _moves(versions))


def roll_back(model: RegisteredModel, reason: str) -> None:
    """Restore the previous champion.

    Args:
        model: The registered model.
        reason: Why, for the history.

    Raises:
        RegistryError: the registry cannot be reached or refuses the request, or there is no previous champion.
    """
    history = read_history(model)
    previous = history[0].previous if history else None
    if previous is None:
        raise RegistryError(f"{model.name} has no previous champion; promote a version by its number.")
    promote(model, previous, reason)


def replace_champion(model: RegisteredModel, number: int, opponent: int | None, reason: str) -> int | None:
    """Make a version the champion instead of the champion that it was compared with.

    Other processes may do the same at the same moment, and MLflow's registry has no compare-and-set. If several
    versions replace the same champion without knowing of each other, the most accurate one stays champion, and the
    oldest of equally accurate ones, whichever process comes last.

    Args:
        model: The registered model.
        number: Number of the version.
        opponent: Number of the champion that it was compared with; None if there was no champion.
        reason: Why, for the history.

    Returns:
        The number of the champion afterwards. None if the present champion is neither `opponent` nor the version
        itself; then nothing was changed.

    Raises:
        RegistryError: the registry cannot be reached or refuses the request, or has no such version.
    """
    model.version(number)
    versions = model.versions()
    champion = _number(_champion_among(versions, model))
    if champion not in (opponent, number):
        return None
    moves = _moves(versions)
    began = _last_move_to(opponent, moves)
    _move(model, number, champion, reason, moves)
    if champion == number:
        return number
    versions = model.versions()
    best = _best_since(began, number, versions)
    if best != number:
        model.set_alias(CHAMPION, best)
    champion = _number(_champion_among(versions, model))
    if champion != best:  # in a registry without aliases the newest move counts
        reason = f"more accurate than version {champion}, which was registered at the same moment"
        _announce(model, best, champion, reason, _moves(versions))
    return best


def _move(model: RegisteredModel, number: int, previous: int | None, reason: str, moves: list[_Move]) -> None:
    """Announce that the champion moves, unless a process that was killed has announced it already; move the alias."""
    began = _last_move_to(previous, moves)
    announced = any(move.version == number and move.previous == previous and move.time > began for move in moves)
    if previous != number and not announced:
        _announce(model, number, previous, reason, moves)
    model.set_alias(CHAMPION, number)


def _announce(model: RegisteredModel, number: int, previous: int | None, reason: str, moves: list[_Move]) -> None:
    """Set the tag of a move that is about to happen, with a time later than that of all moves before."""
    now = datetime.now(UTC).strftime(_TIME)
    time = max([now, *(_microsecond_after(move.time) for move in moves)])
    model.set_tag(number, f"{MOVE_TAG}{time}", json.dumps({"previous": previous, "reason": reason}))


def _champion_among(versions: Mapping[int, Version], model: RegisteredModel) -> Version | None:
    number = model.aliases().get(CHAMPION) if versions else None
    if number is None:
        newest = max(_moves(versions), key=lambda move: move.time, default=None)
        number = newest.version if newest else None
    return versions.get(number) if number is not None else None


def _number(version: Version | None) -> int | None:
    return version.number if version else None


def _last_move_to(number: int | None, moves: list[_Move]) -> str:
    return max((move.time for move in moves if move.version == number), default="")


def _best_since(began: str, number: int, versions: Mapping[int, Version]) -> int:
    """Return the most accurate of the versions that were about to be champion since then.

    Only versions that were scored on the same test data as version `number` count. Of equally accurate ones it is the
    oldest.
    """
    test_data = versions[number].tags.get(DATA_DIGEST)
    rivals = {
        move.version
        for move in _moves(versions)
        if move.time > began and versions[move.version].tags.get(DATA_DIGEST) == test_data
    }
    return max(rivals, key=lambda one: (float(versions[one].tags.get(ACCURACY, -1)), -one), default=number)


def _moves(versions: Mapping[int, Version]) -> list[_Move]:
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
                    f"{version.model} version {number}: the tag {tag} was not written by this package; delete it."
                ) from error
    return moves


def _microsecond_after(time: str) -> str:
    """Return a time one microsecond later, so that a slow clock does not change the order of the moves."""
    return (datetime.strptime(time, _TIME) + timedelta(microseconds=1)).strftime(_TIME)
