"""The SQLite database of an MLflow store, which appears whole."""

import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

_BOOKKEEPING = {"alembic_version", "workspaces"}  # MLflow writes rows to these while it makes its tables
_TEMPORARY = "_alembic_tmp_"  # begins the names of tables that exist only while MLflow makes its tables
_QUIET_SECONDS = 3.0  # a process that makes tables writes several times a second
_LOCK_SECONDS = 60.0  # longest wait for another process that writes to the database


def make_whole(database: Path) -> None:
    """Make an MLflow store, unless the database holds anything already.

    MLflow makes its tables one by one, in some seconds. If it is interrupted, or if a second process does the same, the
    database can never be used again. So MLflow makes them in a temporary folder, and they are copied in a
    single transaction, which SQLite carries out whole or not at all, and for one process at a time.

    A database with MLflow's tables but nothing in them was interrupted in the making, and is made again.

    Raises:
        sqlite3.Error, OSError: the database cannot be read or written.
    """
    if is_in_use(database):
        return
    if _is_being_made(database):
        return
    statements = _new_store()
    database.parent.mkdir(parents=True, exist_ok=True)
    with transaction(database, "EXCLUSIVE") as connection:
        tables = _tables(connection)
        if all(_is_mlflows(table, statements) for table in tables) and not _holds_anything(connection, tables):
            for table in tables:
                connection.execute(f'DROP TABLE "{table}"')
            for statement in statements:
                connection.execute(statement)


def is_in_use(database: Path) -> bool:
    """Tell whether a database holds an MLflow store that was made to its end.

    MLflow writes the first experiment, its default one, when all tables are made.
    """
    if not database.is_file():
        return False
    with closing(sqlite3.connect(database, timeout=_LOCK_SECONDS)) as connection:
        if "experiments" not in _tables(connection):
            return False
        return connection.execute("SELECT 1 FROM experiments").fetchone() is not None


@contextmanager
def transaction(database: Path, kind: str) -> Iterator[sqlite3.Connection]:
    """Yield a connection in a transaction, which is taken back if the body raises."""
    with closing(sqlite3.connect(database, timeout=_LOCK_SECONDS, isolation_level=None)) as connection:
        connection.execute(f"BEGIN {kind}")
        yield connection
        connection.execute("COMMIT")


def _is_being_made(database: Path) -> bool:
    """Wait while another program writes to a database without an experiment; tell whether it then has one."""
    latest = time.monotonic() + 5 * _QUIET_SECONDS
    with suppress(FileNotFoundError):
        while database.stat().st_size and time.time() - database.stat().st_mtime < _QUIET_SECONDS:
            if is_in_use(database):
                return True
            if time.monotonic() > latest:  # the clock of a file server may be wrong
                break
            time.sleep(0.2)
    return is_in_use(database)


def _new_store() -> list[str]:
    """Return the SQL statements that make a new store, as MLflow makes it here."""
    from mlflow import MlflowClient

    with tempfile.TemporaryDirectory(prefix="mnist-pipeline-") as folder:
        template = Path(folder, "mlflow.db")
        MlflowClient(f"sqlite:///{template}").get_experiment("0")
        with closing(sqlite3.connect(template)) as connection:
            statements = list(connection.iterdump())
    return [statement for statement in statements if statement not in ("BEGIN TRANSACTION;", "COMMIT;")]


def _tables(connection: sqlite3.Connection) -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]


def _is_mlflows(table: str, statements: Sequence[str]) -> bool:
    name = table.removeprefix(_TEMPORARY)
    return any(statement.startswith((f"CREATE TABLE {name} ", f'CREATE TABLE "{name}" ')) for statement in statements)


def _holds_anything(connection: sqlite3.Connection, tables: Sequence[str]) -> bool:
    return any(
        connection.execute(f'SELECT 1 FROM "{table}"').fetchone() is not None
        for table in tables
        if table not in _BOOKKEEPING
    )
