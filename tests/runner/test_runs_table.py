"""The runs in a folder, as a table."""

import json
import subprocess
import sys
import warnings

import pandas as pd
import pytest

from mnist_pipeline import read_runs
from mnist_pipeline.errors import RunError
from mnist_pipeline.runner.node_call import NodeFailed

from .plans import node, status_of

TYPES = {
    "name": "string",
    "pipeline": "string",
    "status": "string",
    "started": "datetime64[ns, UTC]",
    "duration": "float64",
    "folder": "object",
}


def write_run(runs, name, status="Completed", started="2026-01-01T10:00:00+00:00", ended="2026-01-01T10:01:30+00:00"):
    """Write what `read_runs` needs of a run."""
    folder = runs / name
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps({"name": f"pipeline of {name}"}))
    (folder / "status.json").write_text(json.dumps({"status": status, "started": started, "ended": ended}))
    return folder


def fail(_):
    raise NodeFailed("exit code 1")


def test_each_run_is_a_row(carry, runs):
    completed = carry(node("a"), run_node=lambda _: None)
    failed = carry(node("a"), run_node=fail)

    table = read_runs(runs).set_index("name")

    assert set(table.index) == {completed.name, failed.name}
    row = table.loc[failed.name]
    status = status_of(failed.folder)
    assert (row.pipeline, row.status, row.folder) == ("test", "Failed", failed.folder)
    assert row.started == pd.Timestamp(status["started"])
    assert row.duration == (pd.Timestamp(status["ended"]) - row.started).total_seconds()
    assert table.loc[completed.name].status == "Completed"


def test_the_oldest_run_comes_first_whatever_its_name(tmp_path):
    write_run(tmp_path, "b", started="2026-01-02T00:00:00+00:00")
    write_run(tmp_path, "c", started="2026-01-01T00:00:00+00:00")
    write_run(tmp_path, "a", started="2026-01-02T09:00:00+00:00")

    table = read_runs(tmp_path)

    assert table.name.tolist() == ["c", "b", "a"]
    assert table.index.tolist() == [0, 1, 2]


def test_times_of_any_zone_are_compared_as_what_they_are(tmp_path):
    write_run(tmp_path, "later", started="2026-01-01T10:00:00+00:00", ended="2026-01-01T10:00:05+00:00")
    write_run(tmp_path, "earlier", started="2026-01-01T11:30:00+02:00", ended="2026-01-01T10:00:00+00:00")

    table = read_runs(tmp_path)

    assert table.name.tolist() == ["earlier", "later"]
    assert table.duration.tolist() == [1800, 5]


def test_the_columns_have_the_same_types_with_and_without_runs(tmp_path):
    empty = read_runs(tmp_path)
    write_run(tmp_path, "a")

    assert len(empty) == 0
    assert empty.dtypes.astype(str).to_dict() == TYPES
    assert read_runs(tmp_path).dtypes.astype(str).to_dict() == TYPES
    assert read_runs(tmp_path).duration.tolist() == [90.0]


def test_a_run_that_goes_on_has_no_duration(carry, runs):
    seen = []

    carry(node("a"), run_node=lambda _: seen.append(read_runs(runs)))

    (table,) = seen
    assert table.status.tolist() == ["Running"]
    assert table.started.notna().all()
    assert table.duration.isna().all()


def test_a_run_that_has_only_its_plan_is_not_started_and_comes_last(tmp_path):
    folder = write_run(tmp_path, "a")
    (folder / "status.json").unlink()
    write_run(tmp_path, "b")

    table = read_runs(tmp_path)

    assert table.name.tolist() == ["b", "a"]
    assert table.status.tolist() == ["Completed", "NotStarted"]
    assert table.pipeline.tolist() == ["pipeline of b", "pipeline of a"]
    assert table.started.isna().tolist() == [False, True]


def test_what_is_not_a_run_is_left_out(tmp_path):
    (tmp_path / "mlartifacts" / "1").mkdir(parents=True)
    (tmp_path / "mlflow.db").touch()
    write_run(tmp_path, "a")

    with warnings.catch_warnings(action="error"):
        assert read_runs(tmp_path).name.tolist() == ["a"]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("plan.json", "half a fi"),
        ("plan.json", "[]"),
        ("plan.json", "{}"),
        ("status.json", "{}"),
        ("status.json", b"\xff\xfe"),
        ("status.json", '{"status": "Well", "started": "2026-01-01T10:00:00+00:00", "ended": null}'),
        ("status.json", '{"status": "Failed", "started": "yesterday", "ended": null}'),
        ("status.json", '{"status": "Failed", "started": "2026-01-01T10:00:00+00:00", "ended": 5}'),
        ("status.json", '{"status": "Failed", "started": "2026-01-01T10:00:00", "ended": null}'),
    ],
)
def test_a_run_with_a_damaged_file_is_left_out_with_a_warning_that_names_the_file(tmp_path, file, content):
    write_run(tmp_path, "good")
    damaged = write_run(tmp_path, "bad") / file
    damaged.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.warns(UserWarning, match=rf"bad/{file} is not the file of a run \(.*\); this run is left out"):
        table = read_runs(tmp_path)

    assert table.name.tolist() == ["good"]


def test_a_folder_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(RunError, match="nowhere: no such folder; give the output folder of your runs"):
        read_runs(tmp_path / "nowhere")


def test_by_default_the_runs_are_those_of_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = write_run(tmp_path / "mnist-runs", "a")

    assert read_runs().folder.tolist() == [folder]


def test_reading_runs_needs_neither_mlflow_nor_the_sdk(tmp_path):
    program = (
        f"import sys; from mnist_pipeline import read_runs; read_runs({str(tmp_path)!r}); "
        "print('mlflow' in sys.modules, 'azure.ai' in sys.modules)"
    )

    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert finished.stdout.split() == ["False", "False"]
