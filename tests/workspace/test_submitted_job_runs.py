"""A submitted job can run with only the bytes that the workspace received."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from azure.ai.ml import Input
from idx_data import write_patterned_idx
from job_environment import variables_for
from mlflow import MlflowClient
from submitted_plan import plan_of

from mnist_pipeline.pipelines import image_classification_pipeline, train_evaluate_register_pipeline
from mnist_pipeline.runner.run import carry_out
from mnist_pipeline.runner.subprocess_node import run_in_subprocess

pytestmark = pytest.mark.long


def main_job(data, model_name):
    return image_classification_pipeline(
        pipeline_input_data=data, epochs=1, min_accuracy=0.0, model_name=model_name, compute="cpu-cluster"
    )


def script_job(data, model_name):
    return train_evaluate_register_pipeline(
        train_data_asset_uri=data,
        test_data_asset_uri=data,
        epochs=1,
        min_accuracy=0.0,
        model_name=model_name,
        compute="cpu-cluster",
    )


@pytest.mark.parametrize("make_job", [main_job, script_job])
def test_a_submitted_job_runs_from_its_uploads_alone(
    make_job, stand_in, client, tmp_path, environments, tracking_server, monkeypatch
):
    model_name = f"submitted-{make_job.__name__}"
    raw = write_patterned_idx(tmp_path / "raw", 8, 6, n_classes=3)
    sent = client.jobs.create_or_update(make_job(Input(type="uri_folder", path=str(raw)), model_name))
    assert stand_in.unknown == []
    monkeypatch.undo()  # from here on nothing leads to the workspace

    job = stand_in.submitted_job(sent.name)
    plan = plan_of(job, tmp_path / "received")

    def run_in_submitted_environment(call):
        commands = environments(job.nodes[call.node.name].conda_file)
        run_in_subprocess(replace(call, environment={**call.environment, **variables_for(commands)}))

    run = carry_out(
        plan,
        tmp_path / "runs",
        tracking_uri=tracking_server,
        run_node=run_in_submitted_environment,
        pool=ThreadPoolExecutor(1),
    )

    run.raise_for_status()
    assert MlflowClient(tracking_server).get_registered_model(model_name).latest_versions[0].version == "1"
    for node in job.nodes.values():
        python = environments(node.conda_file) / "python"
        missing = subprocess.run([python, "-c", "import mnist_pipeline"], cwd="/", capture_output=True, text=True)
        assert "No module named 'mnist_pipeline'" in missing.stderr
