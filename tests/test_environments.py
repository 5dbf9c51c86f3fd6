"""Each step runs with nothing but its own snapshot and what its own conda file lists."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from azure.ai.ml import Input
from idx_data import write_patterned_idx

from mnist_pipeline.pipelines import image_classification_pipeline, train_evaluate_register_pipeline
from mnist_pipeline.runner.run import carry_out
from mnist_pipeline.runner.run_folder import RunFolder
from mnist_pipeline.runner.sdk_job import read_plan
from mnist_pipeline.runner.subprocess_node import run_in_subprocess
from mnist_pipeline.runner.tracking import embedded_store

pytestmark = pytest.mark.slow


def pip_list(conda_file: dict) -> list[str]:
    return next(entry["pip"] for entry in conda_file["dependencies"] if isinstance(entry, dict))


@pytest.fixture(scope="session")
def environments(tmp_path_factory):
    """A function that returns the `bin` folder of an environment with just the packages of a conda file."""
    made = {}

    def environment(conda_file: dict) -> Path:
        name = conda_file["name"]
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            subprocess.run([folder / "bin/pip", "install", "--quiet", *pip_list(conda_file)], check=True)
            made[name] = folder / "bin"
        return made[name]

    return environment


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
def test_every_node_runs_in_the_environment_of_its_own_conda_file(make_job, raw, tmp_path, environments, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    job = make_job(raw)
    plan = read_plan(job)

    def run_in_own_environment(call):
        folder = environments(job.jobs[call.node.name].component.environment.conda_file)
        path = os.pathsep.join([str(folder), "/usr/bin", "/bin"])
        run_in_subprocess(replace(call, environment={**call.environment, "PATH": path}))

    run = carry_out(
        plan,
        RunFolder(tmp_path / "runs", plan),
        embedded_store(tmp_path),
        artifacts=tmp_path / "artifacts",
        run_node=run_in_own_environment,
        pool=ThreadPoolExecutor(1),
        on_event=lambda _: None,
    )

    run.raise_for_status()
    for node in job.jobs.values():
        python = environments(node.component.environment.conda_file) / "python"
        missing = subprocess.run([python, "-c", "import mnist_pipeline"], cwd="/", capture_output=True, text=True)
        assert "No module named 'mnist_pipeline'" in missing.stderr


def test_preparing_and_registering_need_no_tensorflow(raw):
    job = main_job(raw)

    for name in ("prepare_data_node", "register_node"):
        packages = pip_list(job.jobs[name].component.environment.conda_file)
        assert not [package for package in packages if package.startswith(("tensorflow", "keras"))]
