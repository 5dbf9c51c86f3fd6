"""Rows on the screen: a table for people, JSON for programs."""

import json
import sys
from collections.abc import Sequence

import click

_WIDE = 200  # for a file or a pipe, where nothing need be wrapped
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


def show(rows: Sequence[dict[str, str]], *, as_json: bool, nothing: str) -> None:
    """Print rows, which all have the same keys.

    Args:
        rows: The rows.
        as_json: Print a JSON list of objects.
        nothing: What to say where there are no rows.
    """
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    if not rows:
        click.echo(nothing)
        return
    table = Table(box=SIMPLE, pad_edge=False)
    for name in rows[0]:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(value, style=_STATES.get(value, "")) for value in row.values()))
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)
