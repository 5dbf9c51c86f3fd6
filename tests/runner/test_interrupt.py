"""Ctrl-C with a real program, real processes and the signal that a terminal sends."""

import signal
import subprocess
import sys
import time

import pytest
from mlflow import MlflowClient

from mnist_pipeline.runner import embedded_store

from .plans import is_alive, status_of
from .projects import PROJECTS

pytestmark = pytest.mark.slow


def start(*arguments):
    program = [sys.executable, PROJECTS / "interrupted.py", *arguments]
    return subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until(condition, process):
    """Wait until a function returns something; return that."""
    deadline = time.monotonic() + 120
    while not (found := condition()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "the process did not come so far in two minutes"
        time.sleep(0.05)
    return found


def lines_of(runs):
    """What the first node has printed, without a line that is not whole yet."""
    return [line for log in runs.glob("*/nodes/first/log.txt") for line in log.read_text().split("\n")[:-1]]


@pytest.mark.parametrize(
    ("mode", "manner", "presses"),
    [("subprocess", [], 1), ("subprocess", ["stubborn"], 1), ("subprocess", ["stubborn"], 2), ("in-process", [], 1)],
    ids=["subprocess", "a node that does not listen", "an impatient user", "in-process"],
)
def test_ctrl_c_stops_the_children_and_marks_the_run_as_canceled(runs, mode, manner, presses):
    process = start(runs, mode, *manner)
    word, *pids = wait_until(lambda: lines_of(runs), process)[0].split()
    assert (word, len(pids)) == ("waiting", 2)

    process.send_signal(signal.SIGINT)
    if presses == 2:
        wait_until(lambda: "asked to stop" in lines_of(runs), process)
        process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)

    assert process.returncode in (-signal.SIGINT, 130)
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert not [pid for pid in pids if is_alive(int(pid))]
    (folder,) = (path.parent for path in runs.glob("*/status.json"))
    status = status_of(folder)
    assert status["status"] == "Canceled"
    assert status["nodes"]["first"]["status"] == "Canceled"
    assert status["nodes"]["after"]["status"] == "NotStarted"
    assert not list(folder.glob("nodes/*/outputs*"))
    client = MlflowClient(embedded_store(runs))
    experiment = client.get_experiment_by_name("interrupted")
    tracked = {run.info.run_name: run.info.status for run in client.search_runs([experiment.experiment_id])}
    assert tracked == {folder.name: "KILLED", "first": "KILLED"}


def test_ctrl_c_while_the_store_is_made_leaves_nothing_behind(tmp_path):
    runs = tmp_path / "fresh"
    process = start(runs, "subprocess")
    for line in process.stderr:
        if "Creating initial MLflow database tables" in line:
            break
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)

    assert process.returncode in (-signal.SIGINT, 130)
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert list(runs.iterdir()) == []
