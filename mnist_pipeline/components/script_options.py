"""Settings on the command line of a script: what its component passes, and what the script reads."""

import argparse
from collections.abc import Iterable

from mnist_pipeline.settings import Setting, Settings, settings_of


def pass_options(settings: Iterable[Setting]) -> str:
    """Return the part of a component's command that passes its inputs to the script."""
    return " ".join(f"{one.option} ${{{{inputs.{one.name}}}}}" for one in settings)


def add_options(parser: argparse.ArgumentParser, *groups: type[Settings]) -> None:
    """Add an option for each setting of some groups; `mnist_pipeline.settings.read_settings` reads the texts."""
    for one in settings_of(*groups):
        text = f"{one.help} It must be {one.range} (default: {one.default})."
        parser.add_argument(one.option, default=str(one.default), metavar=one.range.kind.upper(), help=text)
