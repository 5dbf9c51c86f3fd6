"""Output for programs: `--json`. Numbers stay numbers; times are in ISO 8601 with their offset from UTC."""

import json
import sys
from datetime import UTC, datetime
from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def to_json(value: Any, *, indent: int | None = None) -> str:
    """Return a value as JSON text, on one line unless `indent` is given."""
    return json.dumps(value, indent=indent, ensure_ascii=False, default=_encode)


def print_object(value: dict[str, Any]) -> None:
    """Print an object on a line of its own and flush it, so that a program at the other end of a pipe gets it now."""
    click.echo(to_json(value))
    sys.stdout.flush()


def _encode(value: object) -> str:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    return str(value)
