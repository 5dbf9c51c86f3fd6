"""What a step logs when it runs again in the same run, in a store that overwrites and in Azure's, which does not."""

import os

import mlflow
import pytest
from workspace_stand_in.azurite import HOST
from workspace_stand_in.fixtures import inside_a_job

from mnist_pipeline.mnist.tracking import download_artifact, log_data, log_files, log_params

SLOW = [pytest.param(where, marks=pytest.mark.slow) for where in ("server", "Azure ML")]


@pytest.fixture(params=["sqlite", *SLOW])
def contents(request, tmp_path):
    """A function that returns what the active run holds, by path; a step's run is active."""
    if request.param != "Azure ML":
        request.getfixturevalue("mlflow_store")
        if request.param == "server":
            mlflow.set_tracking_uri(request.getfixturevalue("tracking_server"))
            del os.environ["MLFLOW_EXPERIMENT_ID"]  # of the other store, which puts back what was there before
        with mlflow.start_run():
            yield lambda: _downloaded(tmp_path)
        return
    stand_in, server = request.getfixturevalue("stand_in"), request.getfixturevalue("tracking_server")
    with inside_a_job(stand_in, server, "test-step-run") as run_id, mlflow.start_run():
        yield lambda: {path: content.decode() for path, content in stand_in.mlflow.artifacts.content(run_id).items()}


def _downloaded(tmp_path):
    folder = download_artifact(mlflow.get_artifact_uri(), tmp_path / "all")
    return {file.relative_to(folder).as_posix(): file.read_text() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def write(tmp_path):
    """A function that writes files and returns them as `log_files` takes them."""

    def write(**texts):
        files = {}
        for name, text in texts.items():
            path = f"model/{name}" if name == "weights" else name
            files[path] = tmp_path / "written" / f"{name}.here"
            files[path].parent.mkdir(exist_ok=True)
            files[path].write_text(text)
        return files

    return write


def test_files_get_the_paths_that_they_are_to_have(contents, write):
    logged = log_files(write(metrics="0.9", weights="1 2"))

    assert logged == mlflow.get_artifact_uri()
    assert contents() == {"metrics": "0.9", "model/weights": "1 2"}


def test_the_same_files_again_change_nothing(contents, write, capsys):
    first = log_files(write(metrics="0.9", weights="1 2"))
    again = log_files(write(metrics="0.9", weights="1 2"))

    assert again == first
    assert contents() == {"metrics": "0.9", "model/weights": "1 2"}
    assert capsys.readouterr().out == ""


def test_what_a_killed_attempt_has_not_logged_is_logged(contents, write):
    log_files(write(metrics="0.9"))
    again = log_files(write(metrics="0.9", weights="1 2"))

    assert again == mlflow.get_artifact_uri()
    assert contents() == {"metrics": "0.9", "model/weights": "1 2"}


def test_other_files_go_beside_the_first_and_are_found_there_again(contents, write, capsys):
    log_files(write(metrics="0.9", weights="1 2"))
    second = log_files(write(metrics="0.9", weights="1 3"))
    third = log_files(write(metrics="0.8", weights="1 3"))
    again = log_files(write(metrics="0.9", weights="1 3"))

    root = mlflow.get_artifact_uri()
    assert (second, third, again) == (f"{root}/attempt-2", f"{root}/attempt-3", f"{root}/attempt-2")
    assert contents() == {
        "metrics": "0.9",
        "model/weights": "1 2",
        "attempt-2/metrics": "0.9",
        "attempt-2/model/weights": "1 3",
        "attempt-3/metrics": "0.8",
        "attempt-3/model/weights": "1 3",
    }
    assert "the run already holds other files" in capsys.readouterr().out


@pytest.mark.parametrize("contents", ["Azure ML"], indirect=True)
def test_a_path_whose_content_never_arrived_is_not_taken_for_the_file(contents, write, stand_in):
    stand_in.faults.status("PUT", HOST, 403, times=1)
    with pytest.raises(Exception, match="AuthorizationFailed"):
        log_files(write(metrics="0.9"))

    again = log_files(write(metrics="0.9"))

    assert again == f"{mlflow.get_artifact_uri()}/attempt-2"
    assert contents() == {"attempt-2/metrics": "0.9"}


@pytest.mark.usefixtures("contents")
def test_the_same_parameters_again_change_nothing(capsys):
    log_params({"epochs": 2, "learning_rate": 0.01})
    log_params({"epochs": 2, "learning_rate": 0.01})

    assert held().data.params == {"epochs": "2", "learning_rate": "0.01"}
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("contents")
def test_a_parameter_that_another_attempt_decided_otherwise_goes_beside_the_first(capsys):
    log_params({"epochs": 2, "precision": "bfloat16"})
    log_params({"epochs": 2, "precision": "float32", "images": 5})
    log_params({"epochs": 2, "precision": "float32", "images": 5})

    assert held().data.params == {
        "epochs": "2",
        "precision": "bfloat16",
        "attempt-2/epochs": "2",
        "attempt-2/precision": "float32",
        "attempt-2/images": "5",
    }
    assert (
        capsys.readouterr().out.splitlines()
        == ["the run already has another value of precision; trying the next names"] * 2
    )


@pytest.mark.usefixtures("contents")
def test_data_are_named_by_their_digest_where_the_server_keeps_data_and_where_it_does_not(request, tmp_path):
    for _ in range(2):
        log_data("test_data", tmp_path, "5ha2" * 16, images=7, context="testing")

    run = held()
    assert run.data.params == {"test_data_sha256": "5ha2" * 16}
    if "Azure ML" in request.node.name:
        assert request.getfixturevalue("stand_in").mlflow.refused == []
        assert run.inputs.dataset_inputs == []
        return
    (logged,) = run.inputs.dataset_inputs
    assert (logged.dataset.name, logged.dataset.digest) == ("test_data", "5ha25ha25ha2")


def held():
    """The active run as the server has it."""
    return mlflow.get_run(mlflow.active_run().info.run_id)
