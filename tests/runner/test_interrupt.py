"""Ctrl-C with a real program, real processes and the signal that a terminal sends."""

import os
import signal
import subprocess
import sys
import time

import pytest
from mlflow import MlflowClient

from mnist_pipeline.runner.mlflow_runs import embedded_store

from .plans import is_alive, status_of
from .projects import PROJECTS

pytestmark = pytest.mark.slow


def wait_for_line(process, runs):
    """Wait until the node's log shows that it runs; return the ids of its process and of its child."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        for log in runs.glob("*/nodes/first/log.txt"):
            words = log.read_text().split()
            if words[:1] == ["waiting"] and len(words) == 3:
                return [int(pid) for pid in words[1:]]
        time.sleep(0.05)
    raise TimeoutError("the node did not start")


@pytest.mark.parametrize(
    ("mode", "manner", "presses"),
    [("subprocess", [], 1), ("subprocess", ["stubborn"], 1), ("subprocess", ["stubborn"], 2), ("in-process", [], 1)],
    ids=["subprocess", "a node that does not listen", "an impatient user", "in-process"],
)
def test_ctrl_c_stops_the_children_and_marks_the_run_as_canceled(runs, mode, manner, presses):
    program = [sys.executable, PROJECTS / "interrupted.py", runs, mode, *manner]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    pids = wait_for_line(process, runs)

    for _ in range(presses):
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
    _, errors = process.communicate(timeout=30)

    assert process.returncode in (-signal.SIGINT, 130)
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert not [pid for pid in [*pids, process.pid] if is_alive(pid)]
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


def test_a_program_interrupted_before_the_run_begins_leaves_nothing_running(runs):
    program = [sys.executable, PROJECTS / "interrupted.py", runs, "subprocess"]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(0.5)

    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)

    assert not is_alive(process.pid)
    assert not list(runs.glob("*/status.json"))
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)
