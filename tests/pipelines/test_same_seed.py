"""A pipeline that runs again unchanged finds its model in the registry."""

import json

import pytest
from azure.ai.ml import Input
from idx_data import write_patterned_idx
from mlflow import MlflowClient

from mnist_pipeline import run_locally
from mnist_pipeline.pipelines import image_classification_pipeline


@pytest.mark.slow
def test_the_same_seed_is_the_same_version_again(tmp_path, runs):
    raw = write_patterned_idx(tmp_path / "raw", 8, 6, n_classes=4, n_train=60, n_test=20)
    job = image_classification_pipeline(
        pipeline_input_data=Input(type="uri_folder", path=str(raw)), epochs=1, model_name="patterns", min_accuracy=0.0
    )

    decisions = []
    for _ in range(2):
        run = run_locally(job, runs)
        run.raise_for_status()
        decisions.append(json.loads((run.outputs["registration"] / "registration.json").read_text()))

    assert [decision["model_version"] for decision in decisions] == ["1", "1"]
    assert decisions[0]["digests"] == decisions[1]["digests"]
    assert len(MlflowClient(run.tracking_uri).search_model_versions("name = 'patterns'")) == 1
