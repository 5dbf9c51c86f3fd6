"""A SQLite store is made whole, whoever is interrupted and however many make it at once."""

import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest
from mlflow import MlflowClient
from sqlalchemy import event
from sqlalchemy.engine import Engine

from mnist_pipeline.errors import RegistryError, RunError, StoreError
from mnist_pipeline.files import sha256_of
from mnist_pipeline.mlflow_store import make_ready

MAKE = """
import sys
from mnist_pipeline.mlflow_store import make_ready
make_ready(sys.argv[1], 30)
from mlflow import MlflowClient
print(MlflowClient(sys.argv[1]).create_run("0").info.status)
"""


def rows(database, query):
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(query).fetchall()


def change(database, *statements):
    with closing(sqlite3.connect(database)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def schema(database):
    """The tables with their columns, the names of the indices and triggers, and MLflow's version of all that."""
    tables = rows(database, "SELECT m.name, c.name, c.type, c.pk FROM sqlite_master m, pragma_table_info(m.name) c")
    others = rows(database, "SELECT type, name, tbl_name FROM sqlite_master WHERE type != 'table'")
    return sorted(tables), sorted(others), rows(database, "SELECT * FROM alembic_version")


def interrupted(database, statement):
    """Interrupt MLflow at this of the thousand statements with which it makes a store."""
    seen = 0

    def count(*_):
        nonlocal seen
        seen += 1
        if seen == statement:
            raise KeyboardInterrupt

    event.listen(Engine, "before_cursor_execute", count)
    try:
        with pytest.raises(KeyboardInterrupt):
            MlflowClient(f"sqlite:///{database}")
    finally:
        event.remove(Engine, "before_cursor_execute", count)


def start(uri):
    return subprocess.Popen(
        [sys.executable, "-c", MAKE, uri], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_store_is_as_mlflow_makes_it(tmp_path, empty_store):
    made = tmp_path / "a new folder" / "mlflow.db"

    make_ready(f"sqlite:///{made}", 30)

    assert schema(made) == schema(empty_store)
    assert [one.name for one in MlflowClient(f"sqlite:///{made}").search_experiments()] == ["Default"]
    assert [path.name for path in made.parent.iterdir()] == ["mlflow.db"]


@pytest.mark.parametrize("statement", [30, 400, 900])
def test_a_store_in_whose_making_mlflow_was_interrupted_is_made_again(statement, tmp_path, empty_store):
    database = tmp_path / "mlflow.db"
    interrupted(database, statement)
    left = schema(database)[0] if statement > 30 else []
    assert left != schema(empty_store)[0]

    make_ready(f"sqlite:///{database}", 30)

    assert schema(database) == schema(empty_store)
    assert MlflowClient(f"sqlite:///{database}").create_run("0").info.status == "RUNNING"


@pytest.mark.parametrize(
    "row",
    ["INSERT INTO runs (run_uuid) VALUES ('a')", "INSERT INTO registered_models (name) VALUES ('digits')"],
)
def test_a_store_that_holds_anything_is_left_as_it_is(row, tmp_path, empty_store):
    database = tmp_path / "mlflow.db"
    shutil.copyfile(empty_store, database)
    change(database, "DELETE FROM experiments", "DROP TABLE webhooks", row)
    before = sha256_of(database)

    make_ready(f"sqlite:///{database}", 30)

    assert sha256_of(database) == before


def test_an_empty_database_of_another_program_keeps_its_tables(tmp_path):
    database = tmp_path / "notes.db"
    change(database, "CREATE TABLE notes (text)")

    make_ready(f"sqlite:///{database}", 30)

    assert rows(database, "SELECT name FROM sqlite_master") == [("notes",)]


def test_a_store_that_is_used_is_not_even_written_to(runs):
    database = runs / "mlflow.db"
    before = sha256_of(database), database.stat().st_mtime_ns

    make_ready(f"sqlite:///{database}", 30)

    assert (sha256_of(database), database.stat().st_mtime_ns) == before


@pytest.mark.parametrize(
    "uri", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true", "nonsense"]
)
def test_a_store_that_is_no_file_is_left_to_mlflow(uri, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    make_ready(uri, 30)

    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_one_sentence(tmp_path):
    (tmp_path / "notes.db").write_text("long enough to be read as a header" * 9)

    with pytest.raises(
        StoreError, match=r"MLflow at sqlite:.*notes\.db cannot be used: file is not a database"
    ) as error:
        make_ready(f"sqlite:///{tmp_path}/notes.db", 30)

    assert isinstance(error.value, RunError)
    assert isinstance(error.value, RegistryError)


def test_while_another_program_makes_the_store_it_is_waited_for(tmp_path, empty_store):
    """A program that uses MLflow without this package makes the tables in place, one by one."""
    database = tmp_path / "mlflow.db"
    change(database, "CREATE TABLE experiments (experiment_id INTEGER)")
    program = f"import shutil, time; time.sleep(1.5); shutil.copyfile({str(empty_store)!r}, {str(database)!r})"
    other = subprocess.Popen([sys.executable, "-c", program])

    make_ready(f"sqlite:///{database}", 30)

    assert other.wait() == 0
    assert [name for (name,) in rows(database, "SELECT name FROM experiments")] == ["Default", "tests"]


@pytest.mark.slow
def test_processes_that_make_a_store_at_once_all_use_it(tmp_path):
    uri = f"sqlite:///{tmp_path}/mlflow.db"

    processes = [start(uri) for _ in range(3)]
    ended = [process.communicate(timeout=300) for process in processes]

    assert [process.returncode for process in processes] == [0, 0, 0], ended
    assert rows(tmp_path / "mlflow.db", "SELECT count(*) FROM runs") == [(3,)]


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "killed"])
@pytest.mark.parametrize("seconds", [0, 1, None], ids=["when it begins", "a second later", "when the file appears"])
def test_a_process_that_is_stopped_while_it_makes_a_store_leaves_none_or_a_whole_one(
    how, seconds, tmp_path, empty_store
):
    database = tmp_path / "mlflow.db"
    process = start(f"sqlite:///{database}")
    for line in process.stderr:
        if "Creating initial MLflow database tables" in line:
            break
    if seconds is None:
        while not database.exists():
            assert process.poll() is None
    else:
        time.sleep(seconds)
    process.send_signal(how)
    process.communicate(timeout=120)

    assert process.returncode in (-how, 130)
    if database.exists() and rows(database, "SELECT name FROM sqlite_master"):
        assert schema(database) == schema(empty_store)
    assert {path.name for path in tmp_path.iterdir()} <= {"mlflow.db", "mlflow.db-journal"}
