"""Fixtures that run `mnist-pipeline azure ...` as a person types it, and return its exit code and output."""

import json
import subprocess
import sys
from copy import copy
from dataclasses import dataclass

import pytest
from azure.ai.ml import Output, command
from azure.ai.ml.dsl import pipeline
from azure.ai.ml.entities import Environment

from mnist_pipeline.cli import main


@dataclass(frozen=True)
class Finished:
    """The exit code and output of a command."""

    code: int
    output: str
    error: str

    def assert_one_sentence(self, *parts):
        """Check for a failure with exit code 1 and a one-line error that contains the parts."""
        assert self.code == 1, self
        assert self.error.startswith("Error: "), self
        assert self.error.count("\n") == 1, self
        for part in parts:
            assert part in self.error


@pytest.fixture
def typed(capsys, monkeypatch):
    """A function that runs `mnist-pipeline azure` with the arguments in the current folder."""

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["mnist-pipeline", "azure", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main.main()
        printed = capsys.readouterr()
        return Finished(end.value.code, printed.out, printed.err)

    return run


@pytest.fixture
def impatient(monkeypatch):
    """Remove the waits between the SDK's retries."""
    monkeypatch.setattr("azure.core.pipeline.policies.RetryPolicy.sleep", lambda *_, **__: None)


@pytest.fixture
def azure(stand_in, azure_environment, tmp_path, monkeypatch, impatient, typed):  # noqa: ARG001 - they set things up
    """Like `typed`, in a folder with the config.json of the stand-in."""
    (tmp_path / "config.json").write_text(json.dumps(stand_in.config))
    monkeypatch.chdir(tmp_path)
    return typed


@pytest.fixture
def started(azure):  # noqa: ARG001 - it sets things up
    """A function that starts `mnist-pipeline azure` in a new process, so that a test can interrupt it."""
    processes = []

    def start(*arguments):
        arguments = [sys.executable, "-m", "mnist_pipeline", "azure", *arguments]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def mine(client):
    """The name of a submitted job with three small nodes; the first node writes the job's output."""
    step = command(
        command="echo > ${{outputs.model}}/MLmodel",
        environment=Environment(image="python:3.11"),
        outputs={"model": Output(type="uri_folder")},
    ).component

    @pipeline(default_compute="cpu-cluster")
    def small():
        train_node = copy(step)()
        evaluate_node = copy(step)()  # noqa: F841 - the name is the node's
        register_node = copy(step)()  # noqa: F841
        return {"model": train_node.outputs.model}

    job = small()
    job.name = "mine"
    return client.jobs.create_or_update(job).name
