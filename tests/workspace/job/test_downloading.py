"""Downloads of the outputs of pipelines and nodes: complete, or nothing."""

import json
import signal
import threading

import pytest
from workspace_stand_in.azurite import HOST

from mnist_pipeline.workspace.job.downloading import Amount, download

pytest_plugins = ["command"]

FILES = {"MLmodel": b"flavors: {}", "data/model.keras": b"weights"}


@pytest.fixture
def hold_until(stand_in):
    """A function that lets the next request for a blob wait for an event; it returns one that tells of the request."""
    events = []

    def hold_until(event):
        asked = threading.Event()
        events.append(event)

        def happens(request, otherwise):
            asked.set()
            assert event.wait(120)
            return otherwise(request)

        stand_in.faults.instead("GET", f"{HOST}/{stand_in.workspace.container}/azureml", happens)
        return asked

    yield hold_until
    for event in events:
        event.set()


@pytest.fixture
def completed(mine, stand_in):
    """The name of a job that has completed."""
    stand_in.jobs.set_status(mine, "Completed")
    yield mine
    assert stand_in.unknown == []


def content(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("type_", ["UriFolder", "uri_folder", "MLFlowModel", "mlflow_model"])
def test_a_pipeline_output_is_downloaded_in_either_spelling_of_its_type(type_, azure, stand_in, completed, tmp_path):
    stand_in.put_output(completed, "model", FILES, type_=type_)

    finished = azure("download", completed, "model=some/where")

    assert finished.code == 0, finished
    assert finished.output == "model is in some/where: 2 files, 18 bytes\n"
    assert content(tmp_path / "some/where") == FILES
    assert [path.name for path in (tmp_path / "some").iterdir()] == ["where"]


@pytest.mark.parametrize("type_", ["UriFile", "uri_file"])
def test_a_file_output_becomes_a_file_in_the_folder(type_, azure, stand_in, completed, tmp_path):
    stand_in.put_output(completed, "accuracy", {"accuracy.txt": b"0.9"}, type_=type_, node="evaluate_node")

    assert azure("download", completed, "evaluate_node.accuracy=here").code == 0

    assert content(tmp_path / "here") == {"accuracy.txt": b"0.9"}


def test_node_outputs_are_downloaded_while_the_pipeline_runs(azure, stand_in, mine, tmp_path):
    stand_in.put_output(mine, "model", FILES, node="train_node")
    stand_in.jobs.set_status(mine, "Running", train_node="Completed", evaluate_node="Running")

    assert azure("download", mine, "train_node.model=here").code == 0

    assert content(tmp_path / "here") == FILES


def test_an_output_with_a_longer_name_is_not_downloaded_too(azure, stand_in, completed, tmp_path):
    stand_in.put_output(completed, "model", FILES, node="train_node")
    stand_in.put_output(completed, "model_2", {"other": b""}, node="train_node")

    assert azure("download", completed, "train_node.model=here").code == 0

    assert content(tmp_path / "here") == FILES


def test_the_output_of_a_reused_node_comes_from_the_node_that_ran(azure, stand_in, completed, tmp_path):
    stand_in.put_output(completed, "model", FILES, node="train_node")
    evaluate, train = (
        stand_in.jobs.run(stand_in.jobs.node_run(completed, node)) for node in ("evaluate_node", "train_node")
    )
    evaluate["properties"] |= {"azureml.isreused": "true", "azureml.reusedrunid": train["runId"]}

    assert azure("download", completed, "evaluate_node.model=here").code == 0

    assert content(tmp_path / "here") == FILES


def test_json_names_the_folder_and_the_amount(azure, stand_in, completed):
    stand_in.put_output(completed, "model", FILES)
    stand_in.put_output(completed, "accuracy", {"accuracy.txt": b"0.9"}, node="evaluate_node")

    lines = azure("download", completed, "model=m", "evaluate_node.accuracy=a", "--json").output.splitlines()

    assert [json.loads(line) for line in lines] == [
        {"job": "mine", "output": "model", "folder": "m", "files": 2, "bytes": 18},
        {"job": "mine", "output": "evaluate_node.accuracy", "folder": "a", "files": 1, "bytes": 3},
    ]


@pytest.mark.parametrize(
    ("output", "parts"),
    [
        ("modle", ("job mine has no output modle", "choose from model")),
        ("evaluate_node.modle", ("node evaluate_node of job mine has no output modle", "it has no outputs")),
        ("flying_node.model", ("job mine has no node flying_node", "evaluate_node")),
    ],
)
def test_a_missing_output_is_one_sentence_that_lists_the_outputs(output, parts, azure, stand_in, completed):
    stand_in.put_output(completed, "model", FILES)

    azure("download", completed, f"{output}=here").assert_one_sentence(*parts)


def test_an_output_of_a_running_job_is_not_downloaded(azure, stand_in, mine, tmp_path):
    stand_in.put_output(mine, "model", FILES)
    stand_in.jobs.set_status(mine, "Running")

    azure("download", mine, "model=here").assert_one_sentence("job mine is Running", "azure stream mine")

    assert not (tmp_path / "here").exists()


def test_an_empty_output_is_one_sentence(azure, stand_in, completed):
    stand_in.put_output(completed, "model", FILES)
    stand_in.azurite.empty(stand_in.workspace.container)

    azure("download", completed, "model=here").assert_one_sentence("output model of job mine is empty")


@pytest.mark.parametrize("command", [("download",), ("stream", "--download")])
def test_a_download_never_overwrites_anything(command, azure, completed, tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here/file").write_text("mine")
    name, *option = command

    azure(name, completed, *option, "model=here").assert_one_sentence("here: already exists and is not an empty folder")

    assert content(tmp_path / "here") == {"file": b"mine"}


@pytest.mark.parametrize("outputs", [("model",), ("model=",), ("=here",), ("a=x", "b=x"), ("a=x", "a=y")])
def test_anything_but_output_equals_folder_is_wrong_usage(outputs, azure, completed):
    assert azure("download", completed, *outputs).code == 2


def test_a_broken_download_leaves_nothing(azure, stand_in, completed, tmp_path):
    stand_in.put_output(completed, "model", FILES)
    stand_in.faults.status("GET", f"{HOST}/{stand_in.workspace.container}/azureml", 403)

    azure("download", completed, "model=some/where").assert_one_sentence("cannot download output model of job mine")

    assert list((tmp_path / "some").iterdir()) == []


def test_ctrl_c_leaves_nothing(started, stand_in, completed, tmp_path, hold_until):
    stand_in.put_output(completed, "model", FILES)
    asked = hold_until(threading.Event())
    process = started("download", completed, "model=some/where")
    assert asked.wait(120)
    assert list((tmp_path / "some").iterdir())

    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)

    assert (process.returncode, error) == (130, "\nCanceled.\n")
    assert list((tmp_path / "some").iterdir()) == []


def test_a_long_download_reports_progress(client, stand_in, completed, tmp_path, hold_until):
    stand_in.put_output(completed, "model", FILES)
    told = []
    files_told = [threading.Event(), threading.Event(), threading.Event()]
    for event in files_told[:2]:
        hold_until(event)

    def tell(amount):
        told.append(amount)
        files_told[amount.files].set()

    amount = download(client, completed, "model", tmp_path / "here", tell, seconds=0.1)

    assert amount == Amount(2, 18)
    assert Amount(0, 0) in told
    assert Amount(1, 11) in told or Amount(1, 7) in told
