"""Settings as options of a command."""

from collections.abc import Callable
from typing import Any

import click

from mnist_pipeline.errors import SettingError
from mnist_pipeline.settings import INTEGER, NUMBER, Setting, Settings, read_value, settings_of


class CommandWithSettings(click.Command):
    """A command whose help lists the options of settings below headings of their own."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, heading by heading."""
        records: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            heading = parameter.heading if isinstance(parameter, _SettingOption) else "Options"
            if (record := parameter.get_help_record(ctx)) is not None:
                records.setdefault(heading, []).append(record)
        for heading, rows in records.items():
            with formatter.section(heading):
                formatter.write_dl(rows)


def settings_options(heading: str, *groups: type[Settings]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command an option for each setting of some groups; it gets the values as keyword arguments.

    Args:
        heading: The heading of the options in the help of a `CommandWithSettings`.
        groups: Dataclasses of settings.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for one in reversed(settings_of(*groups)):
            command = click.option(
                one.option,
                one.name,
                cls=_SettingOption,
                heading=heading,
                default=one.default,
                type=_SettingType(one),
                metavar="|".join(one.range.choices) or one.range.kind.upper(),
                help=f"{one.help}  [{_default_and_limits(one)}]",
            )(command)
        return command

    return decorate


def _default_and_limits(setting: Setting) -> str:
    limits = f"; {setting.range}" if setting.range.kind in (INTEGER, NUMBER) else ""
    return f"default: {setting.default}{limits}"


class _SettingOption(click.Option):
    def __init__(self, *args: Any, heading: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.heading = heading


class _SettingType(click.ParamType):  # type: ignore[type-arg]  # generic only in the newest versions of click
    def __init__(self, setting: Setting) -> None:
        self.name = setting.range.kind
        self._setting = setting

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return read_value(self._setting.name, str(value), self._setting.range)
        except SettingError as error:
            self.fail(str(error), param, ctx)
