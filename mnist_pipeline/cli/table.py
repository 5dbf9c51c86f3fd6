"""Rows on the screen: a table for people, JSON for programs."""

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime

import click

from mnist_pipeline.cli.json_output import to_json

_WIDE = 200  # characters; for a file or a pipe, where no line should be wrapped
_STATES = {
    "Completed": "green",
    "Succeeded": "green",
    "ok": "green",
    "Failed": "red",
    "failed": "red",
    "Running": "cyan",
    "Canceled": "yellow",
    "holds": "green",
    "does not hold": "red",
    "could not tell": "yellow",
}


def show(rows: Sequence[Mapping[str, object]], *, as_json: bool, nothing: str) -> None:
    """Print rows, which all have the same keys.

    Args:
        rows: The rows. The table shows a time in the local time zone, and nothing for None.
        as_json: Print a JSON list of objects instead of a table.
        nothing: What to print if there are no rows.
    """
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if as_json:
        click.echo(to_json(rows, indent=2))
        return
    if not rows:
        click.echo(nothing)
        return
    table = Table(box=SIMPLE, pad_edge=False)
    for name in rows[0]:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        cells = [shown(value) for value in row.values()]
        table.add_row(*(Text(cell, style=_STATES.get(cell, "")) for cell in cells))
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)


def shown(value: object) -> str:
    """Return a value as people read it: a time in the local time zone, and nothing for None."""
    if isinstance(value, datetime):
        return f"{value.astimezone():%Y-%m-%d %H:%M %Z}"
    return "" if value is None else str(value)
