"""A store whose folder was moved: its database names its artifacts by absolute paths, which lead nowhere then."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mnist_pipeline.mlflow_store.database import transaction

_ROOTS = ("mlartifacts", "mlruns")  # folders of artifacts that lie beside a database
_COLUMNS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
    ("model_version_tags", "value"),
    ("trace_tags", "value"),
)


def find_artifacts_again(database: Path) -> None:
    """Let a database that was moved together with its artifacts name them where they are now, and say so.

    That is the case if an experiment's artifacts were in a folder `mlartifacts` or `mlruns` that does not exist, and
    are in such a folder beside the database.

    Args:
        database: An absolute path without symbolic links.

    Raises:
        sqlite3.Error: the database cannot be read or written.
    """
    with closing(sqlite3.connect(database)) as connection:
        if not _has(connection, "experiments", "artifact_location"):
            return
        moved = set(_moved_roots(connection, database.parent))
    if not moved:
        return
    with transaction(database, "IMMEDIATE") as connection:
        columns = [(table, column) for table, column in _COLUMNS if _has(connection, table, column)]
        for old in moved:
            new = database.parent / old.name
            for before, after in ((str(old), str(new)), (old.as_uri(), new.as_uri())):
                for table, column in columns:
                    connection.execute(
                        f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                        f"WHERE {column} = ? OR substr({column}, 1, ?) = ? || '/'",
                        (after, len(before) + 1, before, len(before) + 1, before),
                    )
    for old in sorted(moved):
        print(f"{database}: the store was moved; its artifacts in {old} are now in {database.parent}.", file=sys.stderr)


def _moved_roots(connection: sqlite3.Connection, folder: Path) -> Iterator[Path]:
    for (location,) in connection.execute("SELECT DISTINCT artifact_location FROM experiments"):
        path = Path(unquote(urlsplit(location).path) if location.startswith("file:") else location or "")
        root = path if path.name in _ROOTS else path.parent
        if not root.is_absolute() or root.name not in _ROOTS or root.exists():
            continue
        if (folder / path.relative_to(root.parent)).is_dir():
            yield root


def _has(connection: sqlite3.Connection, table: str, column: str) -> bool:
    return any(name == column for _, name, *_ in connection.execute(f"PRAGMA table_info({table})"))
