"""The pipeline runs on this machine, and the same job goes to the workspace of the config file."""

import json
from pathlib import Path

import pytest
from azure.ai.ml import Input, MLClient
from azure.identity import DefaultAzureCredential
from balanced_training import balanced_training_pipeline
from label_counts import count_labels

from mnist_pipeline import read_runs, run_locally
from mnist_pipeline.mnist.data.sample import sample_folder

NODES = ["prepare_node", "balance_node", "train_node", "score_node", "register_node"]


@pytest.fixture
def job():
    return balanced_training_pipeline(images=Input(type="uri_folder", path=str(sample_folder())))


def test_the_job_runs_here(job, tmp_path):
    run = run_locally(job, tmp_path / "runs")

    run.raise_for_status()
    assert list(run.nodes) == NODES
    rows = (run.outputs["balanced"] / "mnist_train.csv").read_text().splitlines()
    assert count_labels(rows) == {str(label): 20 for label in range(10)}
    registration = json.loads((run.outputs["registration"] / "registration.json").read_text())
    assert (registration["decision"], registration["model_name"]) == ("registered", "balanced")
    assert set(run.metrics()["node"]) >= {"train_node", "score_node"}
    assert list(read_runs(tmp_path / "runs")["status"]) == ["Completed"]


def test_the_same_job_is_submitted(job):
    job.settings.default_compute = "cpu-cluster"
    client = MLClient.from_config(DefaultAzureCredential(), path=str(Path(__file__).parents[1]))

    submitted = client.jobs.create_or_update(job)

    assert client.jobs.get(submitted.name).experiment_name == "balanced-training"
