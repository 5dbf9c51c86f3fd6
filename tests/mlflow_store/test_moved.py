"""The folder of a store is moved, with the artifacts beside the database."""

import shutil
import sqlite3
from contextlib import closing

import pytest
from mlflow import MlflowClient

from mnist_pipeline.mlflow_store import make_ready
from mnist_pipeline.mnist.registry.client import RegisteredModel


@pytest.fixture(params=["mlartifacts", "mlruns"])
def fill(request, empty_store):
    """A function that makes a store in a folder, with a run, an artifact of it, and a version of a model."""

    def fill(folder):
        folder.mkdir(parents=True)
        shutil.copyfile(empty_store, folder / "mlflow.db")
        client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
        root = folder / request.param
        # MLflow's default experiment has a path, and an experiment of a run on this machine a URI.
        location = root.as_uri() if request.param == "mlartifacts" else str(root / "7")
        run = client.create_run(client.create_experiment("digits", artifact_location=location))
        client.log_text(run.info.run_id, "weights", "model/weights")
        source = f"{run.info.artifact_uri}/model"
        RegisteredModel("digits", client).create_version(source, run.info.run_id, {"evidence": source}, "")
        return folder

    return fill


def ready(folder):
    uri = f"sqlite:///{folder}/mlflow.db"
    make_ready(uri, 30)
    return MlflowClient(uri)


def dump(folder):
    with closing(sqlite3.connect(folder / "mlflow.db")) as connection:
        return "\n".join(connection.iterdump())


@pytest.mark.parametrize("names", [("mnist-runs", "elsewhere"), ("50% of_it", "Ada's runs")])
def test_a_moved_store_finds_the_files_of_its_models_and_runs(names, fill, tmp_path, capsys):
    old, new = (tmp_path / name for name in names)
    fill(old)
    shutil.move(old, new)

    client = ready(new)

    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"{new}/mlflow.db: the store was moved; its artifacts in {old}/" in said
    model = RegisteredModel("digits", client)
    assert (model.download_version(1, tmp_path / "download") / "weights").read_text() == "weights"
    evidence = model.version(1).tags["evidence"]
    assert (model.download(evidence, tmp_path / "again") / "weights").read_text() == "weights"
    (run,) = client.search_runs([client.get_experiment_by_name("digits").experiment_id])
    assert [found.path for found in client.list_artifacts(run.info.run_id)] == ["model"]
    assert str(old) not in dump(new)
    assert old.as_uri() not in dump(new)


def test_a_new_run_in_a_moved_store_logs_to_where_the_store_is(fill, tmp_path):
    shutil.move(fill(tmp_path / "old"), tmp_path / "new")

    client = ready(tmp_path / "new")
    run = client.create_run(client.get_experiment_by_name("digits").experiment_id)
    client.log_text(run.info.run_id, "more", "note.txt")

    assert not (tmp_path / "old").exists()
    assert [path.read_text() for path in (tmp_path / "new").rglob("note.txt")] == ["more"]


def test_a_store_that_was_moved_twice_is_told_once_each_time(fill, tmp_path, capsys):
    shutil.move(fill(tmp_path / "1"), tmp_path / "2")
    ready(tmp_path / "2")
    ready(tmp_path / "2")
    shutil.move(tmp_path / "2", tmp_path / "3")
    ready(tmp_path / "3")

    assert capsys.readouterr().err.count("the store was moved") == 2


def test_a_copy_names_the_artifacts_of_the_original_while_these_exist(fill, tmp_path, capsys):
    shutil.copytree(fill(tmp_path / "original"), tmp_path / "copy")

    ready(tmp_path / "copy")

    assert dump(tmp_path / "copy") == dump(tmp_path / "original")
    assert capsys.readouterr().err == ""


def test_a_database_without_its_artifacts_is_left_as_it_is(fill, tmp_path):
    fill(tmp_path / "old")
    (tmp_path / "new").mkdir()
    shutil.move(tmp_path / "old" / "mlflow.db", tmp_path / "new")
    before = dump(tmp_path / "new")
    shutil.rmtree(tmp_path / "old")

    ready(tmp_path / "new")

    assert dump(tmp_path / "new") == before
