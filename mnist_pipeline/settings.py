"""Settings: how a value is declared, once, and the check that its type, range or choice is right."""

import contextlib
import dataclasses
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from mnist_pipeline.errors import SettingError

INTEGER, NUMBER, TEXT, BOOLEAN = "integer", "number", "string", "boolean"  # as Azure ML calls the types of inputs

TYPES = {int: INTEGER, float: NUMBER, str: TEXT, bool: BOOLEAN}

Settings = TypeVar("Settings")

_WORDS = {INTEGER: "a whole number", NUMBER: "a number", BOOLEAN: "true or false"}


@dataclass(frozen=True)
class Range:
    """What a value must be.

    Attributes:
        kind: `integer`, `number`, `string` or `boolean`.
        min: Lowest number, or lowest number of characters of a text; None sets no limit.
        max: Highest number; None sets no limit.
        choices: The allowed texts; empty allows any.
    """

    kind: str
    min: float | None = None
    max: float | None = None
    choices: Sequence[str] = ()

    def __str__(self) -> str:
        """Return the words that follow "it must be"."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.kind == TEXT:
            return "text" if self.min is None else f"text of at least {_shown(self.min)} character"
        words = _WORDS[self.kind]
        low, high = _shown(self.min), _shown(self.max)
        if low and high:
            return f"{words} from {low} to {high}"
        if low:
            return f"{words} of at least {low}"
        return f"{words} of at most {high}" if high else words


def setting(default: Any, *, min: float | None = None, max: float | None = None, choices: Sequence[str] = ()) -> Any:
    """Declare a field of a dataclass of settings, with its default and its range, both ends included."""
    return dataclasses.field(default=default, metadata={"range": Range(TYPES[type(default)], min, max, choices)})


def read_settings(settings: type[Settings], texts: Mapping[str, str]) -> Settings:
    """Return an instance of such a dataclass, with some values read from texts and the defaults for all others.

    Raises:
        SettingError: as `check_value`.
    """
    ranges = ranges_of(settings)
    return settings(**{name: read_value(name, text, ranges[name]) for name, text in texts.items()})


def ranges_of(settings: type) -> dict[str, Range]:
    """Return the ranges of a dataclass whose fields are declared with `setting`, by name."""
    return {field.name: field.metadata["range"] for field in dataclasses.fields(settings)}


def check_settings(settings: Any) -> None:
    """Check every field of an instance of such a dataclass.

    Raises:
        SettingError: a value has another type than was declared, or is out of its range.
    """
    for name, range_ in ranges_of(type(settings)).items():
        check_value(name, getattr(settings, name), range_)


def check_value(name: str, value: object, range_: Range) -> None:
    """Check one value.

    Raises:
        SettingError: the value has another type, or is out of the range. The sentence is the same wherever it is said.
    """
    if not _is_within(value, range_):
        raise SettingError(f"{name} is {value!r}; it must be {range_}.")


def check_input(name: str, value: object, range_: Range) -> None:
    """Check the value of a component's input, for which the SDK may hold a text such as "10".

    Raises:
        SettingError: as `check_value`.
    """
    if isinstance(value, str) or range_.kind == TEXT:
        read_value(name, str(value), range_)
    else:
        check_value(name, value, range_)


def read_value(name: str, text: str, range_: Range) -> str | int | float | bool:
    """Return the value that a text stands for on a command line or in YAML, checked.

    Raises:
        SettingError: as `check_value`.
    """
    value: str | int | float | bool = text
    with contextlib.suppress(ValueError, KeyError):
        if range_.kind == BOOLEAN:
            value = {"true": True, "false": False}[text.lower()]
        elif range_.kind != TEXT:
            value = int(text.removesuffix(".0")) if range_.kind == INTEGER else float(text)  # Azure may say 10.0 for 10
    check_value(name, value, range_)
    return value


def _is_within(value: object, range_: Range) -> bool:
    if range_.kind == TEXT:
        if not isinstance(value, str) or len(value) < (range_.min or 0):
            return False
        return not range_.choices or value in range_.choices
    if range_.kind == BOOLEAN or isinstance(value, bool):
        return range_.kind == BOOLEAN and isinstance(value, bool)
    if not isinstance(value, int) and not (range_.kind == NUMBER and isinstance(value, float)):
        return False
    low = -sys.float_info.max if range_.min is None else range_.min
    high = sys.float_info.max if range_.max is None else range_.max
    return low <= value <= high  # NaN is not


def _shown(limit: float | None) -> str:
    return "" if limit is None else f"{int(limit)}" if limit == int(limit) else f"{limit}"
