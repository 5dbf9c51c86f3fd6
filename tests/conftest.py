"""Small data in real formats, and an MLflow store for each test."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from idx_data import write_idx

collect_ignore = ["foreign_project"]  # its tests are run by tests/workspace/test_foreign_project.py, elsewhere


def pytest_collection_modifyitems(items):
    """Run the files with slow tests first, so that no process is left alone with one of them at the end.

    A long test is also marked slow.
    """
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker("slow")
    slow_files = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow_files)


@pytest.fixture
def idx_folder(tmp_path) -> Path:
    """The four IDX files of two training images and one test image of 2 x 2 pixels."""
    folder = tmp_path / "idx"
    write_idx(folder, "train", np.arange(8).reshape(2, 2, 2), np.array([7, 3]))
    write_idx(folder, "test", np.full((1, 2, 2), 255), np.array([3]))
    return folder


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory) -> Path:
    """An MLflow database to copy; making its tables takes seconds."""
    from mlflow import MlflowClient

    database = tmp_path_factory.mktemp("empty_store") / "mlflow.db"
    client = MlflowClient(f"sqlite:///{database}")
    client.create_experiment("tests", artifact_location=str(database.parent / "unused"))
    return database


@pytest.fixture(scope="session")
def pixel_model():
    """A network for images of 2 x 2 pixels that finds the brightest: each class is a pixel, softmax over the four."""
    import keras

    from mnist_pipeline.mnist.model.classifier import TrainedModel

    inputs = keras.Input((2, 2, 1))
    dense = keras.layers.Dense(4, activation="softmax")
    network = keras.Model(inputs, dense(keras.layers.Flatten()(inputs)))
    dense.set_weights([np.eye(4) / 50, np.zeros(4)])
    return TrainedModel(network, ("north-west", "north-east", "south-west", "south-east"))


@pytest.fixture(scope="session")
def pixel_folder(pixel_model, tmp_path_factory):
    """The model folder of `pixel_model`. Read it only."""
    from mnist_pipeline.mnist.model.model_folder import save_model

    folder = tmp_path_factory.mktemp("pixel") / "model"
    save_model(pixel_model, folder, np.zeros((1, 2, 2), np.uint8))
    return folder


@pytest.fixture
def runs(tmp_path, empty_store):
    """A folder for runs, with an empty MLflow store in it."""
    folder = tmp_path / "runs"
    folder.mkdir()
    shutil.copyfile(empty_store, folder / "mlflow.db")
    return folder


@contextmanager
def store_in(folder: Path, empty_store: Path):
    """Make MLflow log to `folder`, database and artifacts, within the body; yield a client."""
    import mlflow

    shutil.copyfile(empty_store, folder / "mlflow.db")
    previous = mlflow.get_tracking_uri() if mlflow.is_tracking_uri_set() else None
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_RUN_ID", raising=False)
        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        client = mlflow.MlflowClient()
        experiment = client.create_experiment("here", artifact_location=str(folder / "artifacts"))
        patch.setenv("MLFLOW_EXPERIMENT_ID", experiment)
        try:
            yield client
        finally:
            mlflow.set_tracking_uri(previous)


@pytest.fixture
def mlflow_store(tmp_path, empty_store) -> Iterator:
    """The client of an empty MLflow store that steps log to; their runs are in the experiment `here`."""
    folder = tmp_path / "mlflow_store"
    folder.mkdir()
    with store_in(folder, empty_store) as client:
        yield client


@pytest.fixture(scope="session")
def session_store(tmp_path_factory, empty_store):
    """A function that returns a context manager like `mlflow_store`, for fixtures of the whole session."""
    return lambda: store_in(tmp_path_factory.mktemp("store"), empty_store)


@pytest.fixture
def only_run():
    """A function that returns the one run in the experiment of an MLflow store."""

    def find(client):
        experiment = client.get_experiment_by_name("here")
        (run,) = client.search_runs([experiment.experiment_id])
        return run

    return find


@pytest.fixture(scope="session")
def environments(tmp_path_factory):
    """A function that returns the `bin` folder of an environment with only the packages of a conda file.

    The first process that needs an environment makes it for all processes of a parallel run. If the variable
    MNIST_PIPELINE_TEST_ENVIRONMENTS names a folder, environments are kept there for the next run.
    """
    from job_environment import make_environment, pip_list

    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    shared = Path(os.environ.get("MNIST_PIPELINE_TEST_ENVIRONMENTS", shared))

    def environment(conda_file: dict) -> Path:
        packages = hashlib.sha256("\n".join(pip_list(conda_file)).encode()).hexdigest()
        folder = shared / f"{conda_file['name']}-{packages[:12]}"
        with FileLock(f"{folder}.lock"):
            if not (folder / "complete").exists():
                shutil.rmtree(folder, ignore_errors=True)  # left by an interrupted run
                make_environment(conda_file, folder)
                (folder / "complete").touch()
        return folder / "bin"

    return environment


@pytest.fixture(scope="session")
def tracking_server(tmp_path_factory):
    """The URL of a real MLflow server; the steps' own environments have only a client, as in the cloud."""
    from job_environment import mlflow_server

    with mlflow_server(tmp_path_factory.mktemp("server")) as url:
        yield url


@pytest.fixture(scope="session")
def azurite():
    """A real Azurite, shared by all tests of the stand-in workspace."""
    from workspace_stand_in import running_azurite

    with running_azurite() as azurite:
        yield azurite


@pytest.fixture(scope="session")
def container(azurite, tmp_path_factory):
    """A container whose folders can be mounted; skips the test if this machine cannot mount, but fails it in CI."""
    from azure_mount import missing, storage

    if lacking := missing():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(lacking)
    with storage(azurite, "mounted", tmp_path_factory.mktemp("mounts")) as container:
        yield container
