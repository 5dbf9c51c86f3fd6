"""The model folder can be served by MLflow as it is, which is what a deployment without code does."""

import json
import os
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from job_environment import free_port, until_healthy

from mnist_pipeline.mnist.model.model_folder import load_model


@pytest.fixture(scope="module")
def served(training, tmp_path_factory):
    """The URL of a server for the trained model."""
    port = free_port()
    commands = Path(sys.executable).parent
    model = ["--model-uri", training.folder, "--env-manager", "local"]
    command = [commands / "mlflow", "models", "serve", *model, "--port", str(port)]
    log = tmp_path_factory.mktemp("served") / "log.txt"
    path = os.pathsep.join([str(commands), os.environ["PATH"]])
    with until_healthy(command, f"http://127.0.0.1:{port}", "/ping", log, PATH=path) as url:
        yield url


def ask(url, body: bytes):
    request = urllib.request.Request(f"{url}/invocations", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return np.array(json.load(response)["predictions"])


@pytest.mark.slow
def test_the_server_answers_the_example_in_the_folder_as_the_loaded_model_does(served, training):
    example = (training.folder / "serving_input_example.json").read_bytes()

    probabilities = ask(served, example)

    assert np.allclose(probabilities, load_model(training.folder).probabilities(training.dataset.images[:3]), atol=1e-6)


@pytest.mark.slow
def test_the_server_takes_as_many_images_as_it_is_given(served, training):
    images = training.dataset.images

    probabilities = ask(served, json.dumps({"inputs": images.tolist()}).encode())

    assert np.allclose(probabilities, load_model(training.folder).probabilities(images), atol=1e-6)
