"""Each step runs with nothing but its own snapshot and what its own conda file lists."""

import re
import subprocess
import sys

import pytest
import yaml
from azure.ai.ml import Input
from idx_data import write_patterned_idx
from job_environment import pip_list, run_in_own_environments
from mlflow import MlflowClient

from mnist_pipeline.components.environment import KERAS, KERAS_GPU, PREP
from mnist_pipeline.pipelines import image_classification_pipeline, train_evaluate_register_pipeline

pytestmark = pytest.mark.slow


@pytest.fixture
def raw(tmp_path):
    return write_patterned_idx(tmp_path / "raw", 8, 6, n_classes=3)


def main_job(raw):
    return image_classification_pipeline(
        pipeline_input_data=Input(type="uri_folder", path=str(raw)), epochs=1, min_accuracy=0.0
    )


def script_job(raw):
    data = Input(type="uri_folder", path=str(raw))
    return train_evaluate_register_pipeline(
        train_data_asset_uri=data, test_data_asset_uri=data, epochs=1, min_accuracy=0.0
    )


@pytest.mark.parametrize("make_job", [main_job, script_job])
def test_every_node_runs_in_the_environment_of_its_own_conda_file(
    make_job, raw, tmp_path, environments, tracking_server, monkeypatch
):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    job = make_job(raw)

    run = run_in_own_environments(job, environments, tracking_server, tmp_path / "runs")

    run.raise_for_status()
    assert MlflowClient(tracking_server).get_registered_model("mnist-classifier").latest_versions
    for node in job.jobs.values():
        python = environments(node.component.environment.conda_file) / "python"
        missing = subprocess.run([python, "-c", "import mnist_pipeline"], cwd="/", capture_output=True, text=True)
        assert "No module named 'mnist_pipeline'" in missing.stderr


def test_preparing_needs_no_tensorflow(raw):
    packages = pip_list(main_job(raw).jobs["prepare_data_node"].component.environment.conda_file)

    assert not [package for package in packages if package.startswith(("tensorflow", "keras"))]


def test_pip_finds_versions_that_go_together_for_every_conda_file(tmp_path):
    """For the conda files' own Python, whichever this one is, and for the GPU too, which is not needed for that."""
    conda_files = [yaml.safe_load(kind["conda_file"].read_text()) for kind in (PREP, KERAS, KERAS_GPU)]
    # What goes together in a long list does so in a part of it: only the lists that are no part of another take time.
    lists = [set(pip_list(conda_file)) for conda_file in conda_files]
    longest = [
        one for one in lists if not any(one <= other | without_extras(other) for other in lists if other is not one)
    ]
    subprocess.run([sys.executable, "-m", "venv", "--upgrade-deps", tmp_path / "pip"], check=True)  # like conda's

    for packages in longest:
        target = ["--python-version", "3.11", "--only-binary=:all:", "--target", tmp_path / "unused"]
        pip = [tmp_path / "pip/bin/pip", "install", "--quiet", "--dry-run", "--ignore-installed", *target]
        resolved = subprocess.run([*pip, *packages], capture_output=True, text=True)
        assert resolved.returncode == 0, resolved.stderr

    assert {"python=3.11"} == {entry for file in conda_files for entry in file["dependencies"] if "python=" in entry}
    assert len(longest) == 1, "with two the test takes twice as long"


def without_extras(packages):
    return {re.sub(r"\[.*\]", "", package) for package in packages}
