"""Each step runs with nothing but its own snapshot and what its own conda file lists."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from azure.ai.ml import Input
from idx_data import write_patterned_idx
from mlflow import MlflowClient

from mnist_pipeline.pipelines import image_classification_pipeline, train_evaluate_register_pipeline
from mnist_pipeline.runner.run import carry_out
from mnist_pipeline.runner.run_folder import RunFolder
from mnist_pipeline.runner.sdk_job import read_plan
from mnist_pipeline.runner.subprocess_node import run_in_subprocess

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


@pytest.fixture(scope="session")
def tracking_server(tmp_path_factory):
    """The URL of a real MLflow server: like in the cloud, the steps' own environments have only a client."""
    folder = tmp_path_factory.mktemp("server")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [Path(sys.executable).with_name("mlflow"), "server", "--port", str(port), "--workers", "1"]
    stores = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", folder / "artifacts"]
    with (folder / "log.txt").open("w") as log:
        server = subprocess.Popen([*command, *stores], stdout=log, stderr=log, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_healthy(url, folder / "log.txt")
        yield url
    finally:
        os.killpg(server.pid, signal.SIGKILL)


def wait_until_healthy(url, log):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"the MLflow server did not start: {log.read_text()}")


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
    plan = read_plan(job)

    def run_in_own_environment(call):
        folder = environments(job.jobs[call.node.name].component.environment.conda_file)
        path = os.pathsep.join([str(folder), "/usr/bin", "/bin"])
        run_in_subprocess(replace(call, environment={**call.environment, "PATH": path}))

    run = carry_out(
        plan,
        RunFolder(tmp_path / "runs", plan),
        tracking_server,
        artifacts=None,
        run_node=run_in_own_environment,
        pool=ThreadPoolExecutor(1),
        on_event=lambda _: None,
    )

    run.raise_for_status()
    assert MlflowClient(tracking_server).get_registered_model("mnist-classifier").latest_versions
    for node in job.jobs.values():
        python = environments(node.component.environment.conda_file) / "python"
        missing = subprocess.run([python, "-c", "import mnist_pipeline"], cwd="/", capture_output=True, text=True)
        assert "No module named 'mnist_pipeline'" in missing.stderr


def test_preparing_and_registering_need_no_tensorflow(raw):
    job = main_job(raw)

    for name in ("prepare_data_node", "register_node"):
        packages = pip_list(job.jobs[name].component.environment.conda_file)
        assert not [package for package in packages if package.startswith(("tensorflow", "keras"))]
