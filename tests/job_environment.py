"""The environment of a job in the cloud: only the packages of its conda file, and an MLflow server."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from azure.ai.ml.entities import PipelineJob

from mnist_pipeline.runner import PipelineRun
from mnist_pipeline.runner.node_call import NodeCall
from mnist_pipeline.runner.read_plan import read_plan
from mnist_pipeline.runner.run import carry_out
from mnist_pipeline.runner.subprocess_node import run_in_subprocess


def pip_list(conda_file: dict) -> list[str]:
    """Return the pip packages of a conda file."""
    return next(entry["pip"] for entry in conda_file["dependencies"] if isinstance(entry, dict))


def make_environment(conda_file: dict, folder: Path) -> None:
    """Make a virtual environment in `folder` with only the pip packages of a conda file."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip_install = [folder / "bin/python", "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip_install, "--upgrade", "pip"], check=True)  # conda also brings a new pip
    # Most of TensorFlow's modules are never imported, so this compiles none of them.
    subprocess.run([*pip_install, "--no-compile", *pip_list(conda_file)], check=True)


def variables_for(commands: Path) -> dict[str, str]:
    """Return the variables with which a step finds the `bin` folder of its own environment, and little else.

    They also let Python write bytecode, even if you have turned that off, so that each module is compiled only once.
    """
    return {"PATH": os.pathsep.join([str(commands), "/usr/bin", "/bin"]), "PYTHONDONTWRITEBYTECODE": ""}


def run_in_own_environments(
    job: PipelineJob,
    environments: Callable[[dict], Path],
    tracking_uri: str,
    folder: Path,
    data: Callable[[NodeCall], AbstractContextManager[NodeCall]] = nullcontext,
) -> PipelineRun:
    """Run a job, each node with only the packages of its own conda file.

    The context manager `data` may replace a node's call, for example to put its inputs and outputs elsewhere.
    """
    plan = read_plan(job)

    def run_in_own_environment(call):
        commands = environments(job.jobs[call.node.name].component.environment.conda_file)
        with data(call) as call:
            run_in_subprocess(replace(call, environment={**call.environment, **variables_for(commands)}))

    return carry_out(
        plan,
        folder,
        tracking_uri=tracking_uri,
        run_node=run_in_own_environment,
        pool=ThreadPoolExecutor(1),
    )


@contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """Run a real MLflow server with its stores in `folder` while the body runs; yield its URL."""
    port = free_port()
    stores = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", folder / "artifacts"]
    command = [Path(sys.executable).with_name("mlflow"), "server", "--port", str(port), "--workers", "1", *stores]
    # What runs jobs in the server is eight more processes, which no test needs.
    variables = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with until_healthy(command, f"http://127.0.0.1:{port}", "/health", folder / "log.txt", **variables) as url:
        yield url


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


@contextmanager
def until_healthy(command: list, url: str, path: str, log_file: Path, **environment: str) -> Iterator[str]:
    """Start a server, wait until it answers at `path`, and yield `url`. Kill it and its workers after the body."""
    with log_file.open("w") as log:
        server = subprocess.Popen(
            command, stdout=log, stderr=log, start_new_session=True, env={**os.environ, **environment}
        )
    try:
        deadline = time.monotonic() + 120
        while not _answers(url + path):
            if server.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the server did not start: {log_file.read_text()}")
            time.sleep(0.2)
        yield url
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False
