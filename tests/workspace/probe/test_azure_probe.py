"""The probe command: what it says first, what it refuses, and what it leaves in the workspace."""

import io
import json
import signal
import threading
import time

import pytest
from workspace_stand_in.fixtures import completing

pytest_plugins = ["command"]


@pytest.fixture
def quick(monkeypatch):
    """Shorten the waits between two requests about a job."""
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.05)))


@pytest.mark.parametrize("answer", ["n\n", ""], ids=["no", "no answer"])
def test_it_announces_jobs_and_minutes_and_sends_nothing_without_a_yes(answer, azure, stand_in, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))

    finished = azure("probe", "--compute", "cpu-cluster", "--gpu-compute", "gpu-cluster")

    assert finished.code == 130
    assert "The probe sends 5 jobs and takes about 67 minutes on one machine:" in finished.output
    assert "gpu         1 step   on gpu-cluster, about 25 minutes: the GPU image" in finished.output
    assert list(stand_in.jobs) == []


def test_a_missing_compute_is_refused_before_anything_is_sent(azure, stand_in):
    finished = azure("probe", "--compute", "no-such-cluster", "--yes")

    finished.assert_one_sentence("no compute no-such-cluster", "use")
    assert list(stand_in.jobs) == []


def test_its_help_shows_an_example_and_the_exit_codes(azure):
    shown = azure("probe", "--help")

    assert shown.code == 0
    assert "mnist-pipeline azure probe --compute cpu-cluster" in shown.output
    assert "exit code" in shown.output


def test_it_needs_a_compute(azure):
    finished = azure("probe", "--yes")

    assert finished.code == 2
    assert "--compute" in finished.error


@pytest.mark.usefixtures("quick")
def test_without_reports_an_assumption_is_unknown_and_not_failed(azure, stand_in, tmp_path):
    """Azure says that the jobs completed, but their outputs cannot be downloaded."""
    with completing(stand_in):
        finished = azure("probe", "--compute", "cpu-cluster", "--yes", "--json", "found.json")

    found = json.loads((tmp_path / "found.json").read_text())
    assert {result["name"] for result in found["results"] if result["verdict"] == "does not hold"} == {
        "output-download",
        "reuse",
    }
    assert found["counts"]["does not hold"] == 2
    assert found["versions"].keys() >= {"mnist-pipeline-azureml", "azure-ai-ml"}
    assert found["jobs"].keys() == {"steps", "model", "tracking", "again"}
    assert finished.code == 1
    assert stand_in.unknown == []


@pytest.mark.usefixtures("quick")
def test_jobs_that_take_too_long_are_canceled(azure, stand_in, tmp_path, monkeypatch):
    started = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda now=time.monotonic: started + 100 * (now() - started))

    finished = azure("probe", "--compute", "cpu-cluster", "--yes", "--minutes", "1", "--json", "found.json")

    assert "The time is up; jobs that are still running are canceled." in finished.output
    assert {stand_in.jobs[name]["properties"]["status"] for name in stand_in.jobs} == {"Canceled"}
    assert json.loads((tmp_path / "found.json").read_text())["counts"]["does not hold"] == 0
    assert finished.code == 0
    assert len(list(stand_in.jobs)) == 3


@pytest.mark.usefixtures("quick")
def test_an_interrupt_cancels_the_jobs_and_archives_the_model(azure, stand_in):
    """Ctrl-C while the probe waits for its jobs."""
    resources = stand_in.workspace.resources

    def interrupt_when_sent():
        while len(list(stand_in.jobs)) < 3:
            time.sleep(0.05)
        nodes = stand_in.submitted_job(next(name for name in stand_in.jobs if "tracking" in name)).nodes
        names.append(nodes["tracking_node"].node["inputs"]["model_name"]["value"])
        resources.put(f"models/{names[0]}/versions/1", {"modelType": "mlflow_model", "flavors": {}})
        signal.raise_signal(signal.SIGINT)

    names = []
    thread = threading.Thread(target=interrupt_when_sent)
    thread.start()
    finished = azure("probe", "--compute", "cpu-cluster", "--yes")
    thread.join()

    assert finished.code == 130
    assert {stand_in.jobs[name]["properties"]["status"] for name in stand_in.jobs} == {"Canceled"}
    assert resources.by_path[f"models/{names[0]}"]["properties"]["isArchived"] is True
    assert f"model {names[0]}, which is archived because Azure cannot delete a registered model" in finished.output
    assert f"{names[0]}-at-once" not in finished.output
    assert stand_in.unknown == []
