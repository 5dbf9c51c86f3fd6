"""Settings: how a value is declared, once, and the check that its type, range or choice is right."""

import contextlib
import dataclasses
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from mnist_pipeline.errors import SettingError

Value: TypeAlias = str | int | float | bool

INTEGER, NUMBER, TEXT, BOOLEAN = "integer", "number", "string", "boolean"  # Azure ML's names for the types of inputs

TYPES: Mapping[type, str] = {int: INTEGER, float: NUMBER, str: TEXT, bool: BOOLEAN}

_WORDS = {INTEGER: "a whole number", NUMBER: "a number", BOOLEAN: "true or false"}


@dataclass(frozen=True)
class Range:
    """What a value must be.

    Attributes:
        kind: `integer`, `number`, `string` or `boolean`.
        min: Lowest number, or lowest number of characters of a text; None sets no limit.
        max: Highest number, or highest number of characters of a text; None sets no limit.
        choices: The allowed texts; empty allows any.
        pattern: Regular expression that the whole text must match; empty allows any.
        characters: The pattern in words.
    """

    kind: str
    min: float | None = None
    max: float | None = None
    choices: Sequence[str] = ()
    pattern: str = ""
    characters: str = ""

    def __str__(self) -> str:
        """Return the words that follow "it must be"."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        low, high = _shown(self.min), _shown(self.max)
        if self.kind == TEXT:
            length = f" of {low} to {high} characters" if high else f" of at least {low} character" if low else ""
            return f"text{length}{f': {self.characters}' if self.pattern else ''}"
        words = _WORDS[self.kind]
        if low and high:
            return f"{words} from {low} to {high}"
        if low:
            return f"{words} of at least {low}"
        return f"{words} of at most {high}" if high else words


@dataclass(frozen=True)
class Setting:
    """One declared setting.

    Attributes:
        name: The field's name, which is also the name of ports, of a pipeline's inputs and of keyword arguments.
        default: The value unless another is given.
        help: What the value means, in one sentence for the person who sets it.
        range: What the value must be.
    """

    name: str
    default: Value
    help: str
    range: Range

    @property
    def option(self) -> str:
        """The option on a command line, such as `--min-accuracy`."""
        return f"--{self.name.replace('_', '-')}"


def setting(
    default: Value,
    help: str,
    *,
    min: float | None = None,
    max: float | None = None,
    choices: Sequence[str] = (),
    pattern: str = "",
    characters: str = "",
) -> Any:
    """Declare a field of a group of settings. Instances take it by name only.

    Args:
        default: The value unless another is given; its type is the setting's type.
        help: What the value means, in one sentence for the person who sets it.
        min: Lowest number, or lowest number of characters of a text.
        max: Highest number, or highest number of characters of a text.
        choices: The allowed texts.
        pattern: Regular expression that the whole text must match.
        characters: The pattern in words, for the sentence that refuses a text.
    """
    metadata = {"help": help, "range": Range(TYPES[type(default)], min, max, choices, pattern, characters)}
    return dataclasses.field(default=default, kw_only=True, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """A group of settings: the base of frozen dataclasses whose fields are declared with `setting`.

    Raises:
        SettingError: a value has another type than was declared, is out of its range, or has no effect beside the
            others.
    """

    def __post_init__(self) -> None:
        for one in settings_of(type(self)):
            check_value(one.name, getattr(self, one.name), one.range)
        self.check_together()

    def check_together(self) -> None:
        """Check that the values make sense together, for groups that have more to check than each value alone.

        Raises:
            SettingError: a value has no effect beside the others.
        """


Group = TypeVar("Group", bound=Settings)


def settings_of(*groups: type[Settings]) -> tuple[Setting, ...]:
    """Return the settings that the groups declare, in their order."""
    return tuple(
        Setting(field.name, getattr(group, field.name), **field.metadata)
        for group in groups
        for field in dataclasses.fields(group)
    )


def select(values: Mapping[str, Any], *groups: type[Settings]) -> dict[str, Any]:
    """Return the values of the settings that the groups declare, and no others."""
    return {one.name: values[one.name] for one in settings_of(*groups)}


def read_settings(group: type[Group], texts: Mapping[str, str]) -> Group:
    """Return an instance of a group, read from one text for each of its settings. Other texts are ignored.

    Raises:
        SettingError: as `check_value`.
    """
    return group(**{one.name: read_value(one.name, texts[one.name], one.range) for one in settings_of(group)})


def check_value(name: str, value: object, range_: Range) -> None:
    """Check one value.

    Raises:
        SettingError: the value has another type, or is out of the range.
    """
    if not _is_within(value, range_):
        raise SettingError(f"{name} is {value!r}; it must be {range_}.")


def check_input(name: str, value: object, range_: Range) -> None:
    """Check the value of a component's input, which the SDK may hold as a text such as "10".

    Raises:
        SettingError: as `check_value`.
    """
    if isinstance(value, str) or range_.kind == TEXT:
        read_value(name, str(value), range_)
    else:
        check_value(name, value, range_)


def read_value(name: str, text: str, range_: Range) -> Value:
    """Read a value from its text on a command line or in YAML, and check it.

    Raises:
        SettingError: as `check_value`.
    """
    value: Value = text
    with contextlib.suppress(ValueError, KeyError):
        if range_.kind == BOOLEAN:
            value = {"true": True, "false": False}[text.lower()]
        elif range_.kind != TEXT:
            value = int(text.removesuffix(".0")) if range_.kind == INTEGER else float(text)  # Azure may say 10.0 for 10
    check_value(name, value, range_)
    return value


def _is_within(value: object, range_: Range) -> bool:
    if range_.kind == TEXT:
        if not isinstance(value, str) or not (range_.min or 0) <= len(value) <= (range_.max or sys.maxsize):
            return False
        if range_.pattern and not re.fullmatch(range_.pattern, value):
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
