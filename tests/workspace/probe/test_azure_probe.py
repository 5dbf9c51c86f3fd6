"""The command around the probe: what it says before, what it refuses, what it leaves behind."""

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
    """The waiting between two looks at a job, shortened."""
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.05)))


@pytest.mark.parametrize("answer", ["n\n", ""], ids=["no", "nobody there"])
def test_it_says_how_many_jobs_and_minutes_and_sends_nothing_without_a_yes(answer, azure, stand_in, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))

    finished = azure("probe", "--compute", "cpu-cluster", "--gpu-compute", "gpu-cluster")

    assert finished.code == 130
    assert "5 jobs would be sent; about 67 minutes on one machine:" in finished.output
    assert "gpu         1 step   on gpu-cluster, about 25 minutes: the GPU image" in finished.output
    assert list(stand_in.jobs) == []


def test_a_compute_that_does_not_exist_is_found_out_before_anything_is_sent(azure, stand_in):
    finished = azure("probe", "--compute", "no-such-cluster", "--yes")

    finished.assert_one_sentence("there is no compute no-such-cluster", "use")
    assert list(stand_in.jobs) == []


def test_its_help_says_what_it_does_and_how_it_ends(azure):
    shown = azure("probe", "--help")

    assert shown.code == 0
    assert "mnist-pipeline azure probe --compute cpu-cluster" in shown.output
    assert "exit code" in shown.output


def test_it_needs_a_compute(azure):
    finished = azure("probe", "--yes")

    assert finished.code == 2
    assert "--compute" in finished.error


@pytest.mark.usefixtures("quick")
def test_steps_that_leave_no_report_make_it_impossible_to_tell_and_not_a_failure(azure, stand_in, tmp_path):
    """Jobs that Azure calls completed, and whose outputs do not come: the download is what does not hold."""
    with completing(stand_in):
        finished = azure("probe", "--compute", "cpu-cluster", "--yes", "--json", "found.json")

    found = json.loads((tmp_path / "found.json").read_text())
    assert {result["name"] for result in found["results"] if result["verdict"] == "does not hold"} == {
        "output-download",
        "reuse",
    }
    assert found["counts"]["does not hold"] == 2
    assert found["versions"].keys() >= {"mnist-pipeline", "azure-ai-ml"}
    assert found["jobs"].keys() == {"steps", "model", "tracking", "again"}
    assert finished.code == 1
    assert stand_in.unknown == []


@pytest.mark.usefixtures("quick")
def test_what_takes_too_long_is_canceled(azure, stand_in, tmp_path, monkeypatch):
    started = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda now=time.monotonic: started + 100 * (now() - started))

    finished = azure("probe", "--compute", "cpu-cluster", "--yes", "--minutes", "1", "--json", "found.json")

    assert "The time is up; what has not ended is canceled." in finished.output
    assert {stand_in.jobs[name]["properties"]["status"] for name in stand_in.jobs} == {"Canceled"}
    assert json.loads((tmp_path / "found.json").read_text())["counts"]["does not hold"] == 0
    assert finished.code == 0
    assert len(list(stand_in.jobs)) == 3


@pytest.mark.usefixtures("quick")
def test_an_interrupt_cancels_the_jobs_and_archives_the_model(azure, stand_in):
    """Ctrl-C once the first job is looked at: what was sent is canceled, what was registered is archived."""
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
    assert f"model {names[0]}, archived, because Azure deletes no registered model" in finished.output
    assert f"{names[0]}-at-once" not in finished.output
    assert stand_in.unknown == []
