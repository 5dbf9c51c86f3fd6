"""Where a component logs that is called as a plain function."""

import os
import subprocess
import sys

import mlflow
import pytest
from idx_data import write_patterned_idx
from mlflow import MlflowClient

from mnist_pipeline.components import (
    image_classification_register_component,
    prepare_data_component,
    register_model_component,
)
from mnist_pipeline.components.plain_call import tracked
from mnist_pipeline.errors import RegistryError, SettingError, StoreError

STEPS = """
import sys
from mnist_pipeline.components import keras_score_component, keras_train_component, prepare_data_component

raw, name, epochs = sys.argv[1:]
prepare_data_component(input_data=raw, training_data=f"{name}/train", test_data=f"{name}/test")
keras_train_component(input_data=f"{name}/train", output_model=f"{name}/model", network="sample", epochs=int(epochs))
keras_score_component(input_data=f"{name}/test", input_model=f"{name}/model", output_result=f"{name}/result")
"""
NOTICE = "Logging to MLflow's default store: mlflow.db and mlruns in "


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A fresh folder, where the process is, with no word about MLflow in the environment."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in [name for name in os.environ if name.startswith(("MLFLOW_", "_MLFLOW_", "MNIST_PIPELINE_TRACKING"))]:
        monkeypatch.delenv(name)
    previous = mlflow.get_tracking_uri() if mlflow.is_tracking_uri_set() else None
    mlflow.set_tracking_uri(None)
    yield folder
    mlflow.set_tracking_uri(previous)


def start(folder, raw, name, **variables):
    return subprocess.Popen(
        [sys.executable, "-c", STEPS, raw, name, "1"],
        cwd=folder,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_processes_that_call_components_at_once_in_a_fresh_folder_share_a_store(folder, tmp_path):
    raw = write_patterned_idx(tmp_path / "raw", height=18, width=18, n_classes=3)

    processes = [start(folder, raw, name) for name in ("first", "second")]
    ended = [process.communicate(timeout=500) for process in processes]

    assert [process.returncode for process in processes] == [0, 0], ended
    assert [errors.count(f"{NOTICE}{folder}.") for _, errors in ended] == [1, 1]
    runs = MlflowClient(f"sqlite:///{folder}/mlflow.db").search_runs(["0"])
    assert [run.info.status for run in runs] == ["FINISHED"] * 4
    assert sorted(path.name for path in folder.iterdir()) == ["first", "mlflow.db", "mlruns", "second"]


@pytest.mark.slow
def test_without_tracking_nothing_but_the_outputs_is_left(folder, tmp_path):
    raw = write_patterned_idx(tmp_path / "raw", height=18, width=18, n_classes=3)

    process = start(folder, raw, "only", MNIST_PIPELINE_TRACKING="off", TMPDIR=str(tmp_path))
    _, errors = process.communicate(timeout=500)

    assert process.returncode == 0, errors
    assert (folder / "only/result/metrics.json").is_file()
    assert [path.name for path in folder.iterdir()] == ["only"]
    assert NOTICE not in errors
    assert not list(tmp_path.glob("mnist-pipeline-*"))


def test_without_tracking_what_is_logged_is_thrown_away_and_the_environment_put_back(folder, monkeypatch):
    monkeypatch.setenv("MNIST_PIPELINE_TRACKING", "off")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "42")  # of a store that is not asked
    before = dict(os.environ)

    with tracked(registers=False):
        mlflow.log_metric("accuracy", 1)
        mlflow.log_text("text", "note.txt")
        somewhere = mlflow.get_artifact_uri()

    assert list(folder.iterdir()) == []
    assert not os.path.exists(somewhere.removeprefix("file://"))  # noqa: PTH110 - a URI
    assert dict(os.environ) == before
    assert not mlflow.is_tracking_uri_set()


@pytest.mark.parametrize(
    ("component", "arguments"),
    [(register_model_component, ["m", "r", "reg"]), (image_classification_register_component, ["m", "a"])],
)
def test_without_tracking_there_is_no_registry(component, arguments, folder, monkeypatch):
    monkeypatch.setenv("MNIST_PIPELINE_TRACKING", "off")

    with pytest.raises(
        RegistryError, match="there is no registry to register a model in: MNIST_PIPELINE_TRACKING is off"
    ):
        component(*arguments)

    assert list(folder.iterdir()) == []


def test_a_store_that_is_named_is_logged_to_even_without_tracking(folder, runs, monkeypatch, capsys):
    monkeypatch.setenv("MNIST_PIPELINE_TRACKING", "off")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{runs}/mlflow.db")

    with tracked(registers=True), mlflow.start_run() as run:
        mlflow.log_metric("accuracy", 1)

    assert MlflowClient().get_run(run.info.run_id).data.metrics == {"accuracy": 1}
    assert list(folder.iterdir()) == []
    assert capsys.readouterr().err == ""


def test_an_active_run_is_logged_to_without_a_word(folder, runs, capsys):
    mlflow.set_tracking_uri(f"sqlite:///{runs}/mlflow.db")
    with mlflow.start_run() as run:
        mlflow.set_tracking_uri(None)
        with tracked(registers=False):
            assert mlflow.active_run().info.run_id == run.info.run_id
        mlflow.set_tracking_uri(f"sqlite:///{runs}/mlflow.db")

    assert list(folder.iterdir()) == []
    assert capsys.readouterr().err == ""


def test_preparing_data_needs_no_mlflow(folder, idx_folder, monkeypatch, capsys):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")  # nobody answers

    prepare_data_component(idx_folder, folder / "train", folder / "test")

    assert sorted(path.name for path in folder.iterdir()) == ["test", "train"]
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("folder")
def test_a_server_that_does_not_answer_is_named_before_the_step_begins(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MNIST_PIPELINE_TRACKING_TIMEOUT", "0")

    with pytest.raises(StoreError, match=r"MLflow at http://127\.0\.0\.1:9 does not answer"):
        register_model_component("m", "r", "reg")


@pytest.mark.usefixtures("folder")
def test_tracking_is_on_or_off(monkeypatch):
    monkeypatch.setenv("MNIST_PIPELINE_TRACKING", "no")

    with pytest.raises(SettingError, match=r"MNIST_PIPELINE_TRACKING is 'no'; set it to on or off\."):
        register_model_component("m", "r", "reg")
