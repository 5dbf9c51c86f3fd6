"""The MLflow store or server that runs and models are recorded in, made ready for use."""

import re
from pathlib import Path

from mnist_pipeline.errors import StoreError
from mnist_pipeline.mlflow_store.server import read_timeout, wait_for

__all__ = ["make_ready", "read_timeout"]


def make_ready(uri: str, timeout: float) -> None:
    """Make sure that MLflow can use the store or server at a URI, before anything is logged to it or read from it.

    - A SQLite database is made if it does not exist yet, and appears whole. Several processes may do this at once. A
      database that was interrupted while its tables were made, and holds nothing, is made again. If the folder of the
      database was moved, the database finds its artifacts again.
    - A tracking server is waited for.
    - Any other store is left to MLflow.

    Args:
        uri: MLflow's tracking URI.
        timeout: How long to wait for a server, in seconds.

    Raises:
        StoreError: the database cannot be read or written, or the server does not answer.
    """
    if uri.startswith(("http://", "https://")):
        wait_for(uri, timeout)
    elif uri.startswith("sqlite:") and (database := database_of(uri)) is not None:
        from mnist_pipeline.mlflow_store.database import make_whole
        from mnist_pipeline.mlflow_store.moved import find_artifacts_again

        try:
            make_whole(database)
            find_artifacts_again(database)
        except Exception as error:  # MLflow does not wrap those of its database library
            raise StoreError(f"MLflow at {uri} cannot be used: {error}") from error


def database_of(uri: str) -> Path | None:
    """Return the file of a SQLite store; None if it is in memory, or its URI is not one that SQLAlchemy reads."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        database = make_url(uri).database
    except ArgumentError:
        return None
    if not database or re.match(r":memory:|file:", database):
        return None
    return Path(database).resolve()
