"""The steps track, log and register with nothing but calls that exist on Azure ML's tracking server."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import mlflow
import numpy as np
import pytest
import yaml
from azure.ai.ml import Input
from idx_data import patterned, write_csv_of, write_patterned_idx
from job_environment import pip_list, run_in_own_environments
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from scoring_results import write_results
from tracking_proxy import tracking_proxy

import mnist_pipeline
from mnist_pipeline.components.environment import KERAS
from mnist_pipeline.mnist.files import sha256_of
from mnist_pipeline.mnist.model_folder import load_model
from mnist_pipeline.pipelines import image_classification_pipeline

pytestmark = pytest.mark.slow

PACKAGE = Path(mnist_pipeline.__file__).parent


@pytest.fixture(scope="module")
def azure(tracking_server):
    """A real MLflow server that knows no more than Azure's does, and what it was asked for."""
    with tracking_proxy(tracking_server) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def run(azure, environments, tmp_path_factory):
    """The main pipeline, carried out with the MLflow of the conda files and that server."""
    folder = tmp_path_factory.mktemp("azure_mlflow")
    raw = write_patterned_idx(folder / "raw", 8, 6, n_classes=3)
    job = image_classification_pipeline(
        pipeline_input_data=Input(type="uri_folder", path=str(raw)), epochs=2, min_accuracy=0.0, model_name="on-azure"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONPATH", raising=False)
        run = run_in_own_environments(job, environments, azure.url, folder / "runs")
    run.raise_for_status()
    return run


@pytest.fixture(scope="module")
def nodes(run, tracking_server):
    """The MLflow run of each node, asked for on the server itself, and the client that knows it."""
    client = MlflowClient(tracking_server)
    experiment = client.get_run(run.run_id).info.experiment_id
    children = client.search_runs([experiment], f"tags.mlflow.parentRunId = '{run.run_id}'")
    return client, {child.info.run_name: child for child in children}


def artifacts(client, run, folder=None):
    for found in client.list_artifacts(run.info.run_id, folder):
        yield from artifacts(client, run, found.path) if found.is_dir else [found.path]


@pytest.mark.usefixtures("run")
def test_the_pipeline_asked_for_nothing_that_azure_does_not_have(azure):
    assert azure.refused == []
    assert "POST /api/2.0/mlflow/model-versions/create" in azure.forwarded


def test_a_logged_model_which_azure_does_not_have_is_refused(tracking_server):
    """What the steps would have met, did they log models in MLflow's usual way."""
    with tracking_proxy(tracking_server) as proxy, pytest.raises(MlflowException, match="404"):
        MlflowClient(proxy.url).create_logged_model("0")

    assert proxy.refused == ["POST /api/2.0/mlflow/logged-models"]


def test_metrics_and_parameters_are_there(nodes):
    _, by_name = nodes

    assert by_name.keys() == {"prepare_data_node", "train_node", "score_node", "register_node"}
    assert {node.info.status for node in by_name.values()} == {"FINISHED"}
    assert by_name["train_node"].data.params["image_size"] == "8x6"
    assert by_name["train_node"].data.metrics.keys() >= {"Loss", "Accuracy", "val_loss"}
    assert by_name["score_node"].data.metrics.keys() >= {"Final test loss", "Final test accuracy"}


def test_every_epoch_is_there(nodes):
    client, by_name = nodes

    history = client.get_metric_history(by_name["train_node"].info.run_id, "Loss")
    assert [metric.step for metric in history] == [0, 1]


def test_figures_and_files_are_there(nodes):
    client, by_name = nodes

    assert set(artifacts(client, by_name["train_node"])) == {"learning_curves.png"}
    assert set(artifacts(client, by_name["score_node"])) == {
        "confusion_matrix.png",
        "labels.csv",
        "metrics.json",
        "most_confident_mistakes.png",
        "predict_result.csv",
    }


def test_the_model_and_its_version_are_there_and_predict_what_the_trained_model_does(run, nodes, tmp_path):
    client, by_name = nodes
    registered = json.loads((run.outputs["registration"] / "registration.json").read_text())

    version = client.get_model_version("on-azure", registered["model_version"])
    assert version.run_id == by_name["register_node"].info.run_id
    assert version.status == "READY"
    assert float(version.tags["accuracy"]) == by_name["score_node"].data.metrics["test_accuracy"]
    assert {"model/MLmodel", "model/data/model.keras"} <= set(artifacts(client, by_name["register_node"]))
    images, _ = patterned(5, 8, 6, 3)
    uri = client.get_model_version_download_uri("on-azure", version.version)
    folder = mlflow.artifacts.download_artifacts(uri, dst_path=str(tmp_path), tracking_uri=client.tracking_uri)
    expected = load_model(run.outputs["model"]).probabilities(images)
    assert np.array_equal(load_model(folder).probabilities(images), expected)


@pytest.mark.parametrize("data", ["the same", "other"])
def test_the_next_model_faces_the_champion(data, run, azure, environments, tmp_path):
    """With stored evidence where the test data are the same; otherwise the champion is fetched and scored again."""
    challenger = shutil.copytree(run.outputs["model"], tmp_path / "challenger")
    (challenger / "name.txt").write_text(data)
    metrics = json.loads((run.outputs["result"] / "metrics.json").read_text())
    n_images, options = metrics["images"], ["--champion", "better", "--min-accuracy", "0"]
    digest = metrics["digests"]["test_data"]
    if data == "other":
        images, labels = patterned(n_images, 8, 6, 3)
        test_csv = write_csv_of(tmp_path / "other.csv", images, labels)
        digest, options = sha256_of(test_csv), [*options, "--test-data", test_csv]
    labels = [int(line) for line in (run.outputs["result"] / "labels.csv").read_text().split()]
    wrong = [(label + 1) % 3 for label in labels]
    write_results(tmp_path / "result", labels, wrong, model=sha256_of(challenger), test_data=digest, n_classes=3)

    environment = {"MLFLOW_TRACKING_URI": azure.url, "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    registered = subprocess.run(
        [
            environments(yaml.safe_load(KERAS["conda_file"].read_text())) / "python",
            PACKAGE / "components/register_script.py",
            *("--model", challenger, "--accuracy", tmp_path / "result", "--model-name", "on-azure", *options),
        ],
        env=environment,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )

    assert registered.returncode == 0, registered.stderr
    assert re.search(r"better_than_champion .* refused", registered.stdout)
    assert "exact McNemar p = " in registered.stdout
    assert ("scoring the champion, on-azure version 1" in registered.stdout) is (data == "other")
    assert set(azure.refused) <= {"GET /api/3.0/mlflow/server-info"}, "which MLflow can do without"


def test_the_model_was_written_by_the_mlflow_that_the_conda_file_pins(run):
    saved = yaml.safe_load((run.outputs["model"] / "MLmodel").read_text())
    pins = dict(pin.split("==") for pin in pip_list(yaml.safe_load(KERAS["conda_file"].read_text())))

    assert saved["mlflow_version"] == pins["mlflow-skinny"]
