"""Answers for programs: `--json`, with numbers as numbers and times as ISO 8601 with their offset from UTC."""

import json
import sys
from datetime import UTC, datetime
from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def to_json(value: Any, *, indent: int | None = None) -> str:
    """Return a value as JSON."""
    return json.dumps(value, indent=indent, ensure_ascii=False, default=_encode)


def print_object(value: dict[str, Any]) -> None:
    """Print an object as a line of its own, at once, also where a program reads it from a pipe."""
    click.echo(to_json(value))
    sys.stdout.flush()


def _encode(value: object) -> str:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    return str(value)
