"""`mnist-pipeline models` and `predict` over `azureml://`, as a person with a service principal types them."""

import json
import os
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
from PIL import Image
from scoring_results import write_results
from workspace_stand_in import running_stand_in
from workspace_stand_in.fixtures import inside_a_job

from mnist_pipeline.files import sha256_of
from mnist_pipeline.mnist.model.classifier import TrainedModel
from mnist_pipeline.mnist.model.model_folder import save_model
from mnist_pipeline.mnist.registry.promotion import Policy
from mnist_pipeline.mnist.registry.register import register

pytestmark = pytest.mark.slow

NAME = "brightest-pixel"
LABELS = [0, 1, 2, 3] * 5


@pytest.fixture(scope="module")
def workspace(azurite, tracking_server, tmp_path_factory):
    """A workspace with two versions of a model, each registered by a step that ran twice; the second is champion."""
    folder = tmp_path_factory.mktemp("workspace")
    with running_stand_in(azurite, folder) as stand_in:
        for number, wrong in (("1", 8), ("2", 2)):
            model = _save_model(folder / number, number)
            predictions = [(label + 1) % 4 if index < wrong else label for index, label in enumerate(LABELS)]
            write_results(folder / f"result-{number}", LABELS, predictions, model=sha256_of(model))
            with inside_a_job(stand_in, tracking_server, "models-in-a-workspace"):
                for _ in ("the first time", "again"):
                    register(
                        model, folder / f"result-{number}", None, NAME, Policy(min_accuracy=0.1, champion="better")
                    )
        yield stand_in
        assert stand_in.unknown == []


def _save_model(folder, number):
    """A network for images of 2 x 2 pixels whose classes are the pixels: it names the brightest."""
    inputs = keras.Input((2, 2, 1))
    dense = keras.layers.Dense(4, activation="softmax")
    network = keras.Model(inputs, dense(keras.layers.Flatten()(inputs)))
    dense.set_weights([np.eye(4) / 50, np.zeros(4)])
    save_model(TrainedModel(network, ()), folder, np.zeros((1, 2, 2), np.uint8), {"number": number})
    return folder


@pytest.fixture
def command(workspace, tmp_path):
    """A function that runs the command as a person would; it returns what was printed."""

    def run(*arguments, fails=False, **variables):
        environment = {**workspace.environment, "MLFLOW_TRACKING_URI": workspace.mlflow.uri, **variables}
        finished = subprocess.run(
            [sys.executable, "-m", "mnist_pipeline", *map(str, arguments)],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **environment},
            capture_output=True,
            text=True,
            cwd=tmp_path,
        )
        assert (finished.returncode != 0) == fails, finished.stderr
        return finished.stderr if fails else finished.stdout

    return run


def test_versions_are_listed_with_their_roles(command):
    rows = [row for row in json.loads(command("models", "list", "--json")) if row["model"] == NAME]

    assert [(row["version"], row["role"], row["accuracy"]) for row in rows] == [
        (2, "champion, challenger", 0.9),
        (1, "", 0.6),
    ]


def test_a_version_is_shown_with_its_facts_and_history(command):
    shown = command("models", "show", "1", "--model-name", NAME)

    assert re.search(r"^hyperparameter\.number +1$", shown, re.MULTILINE)
    assert re.search(r"version 2 .* now +registered: min_accuracy 0.9000", shown)
    assert re.search(r"version 1 .* registered: min_accuracy 0.6000", shown)


def test_another_version_is_promoted_and_the_former_comes_back(command):
    promoted = command("models", "promote", "1", "--model-name", NAME, "--reason", "faster")
    back = command("models", "rollback", "--model-name", NAME)

    assert promoted == f"{NAME}: the champion is version 1; before it was version 2\n"
    assert back == f"{NAME}: the champion is version 2; before it was version 1\n"


@pytest.mark.parametrize("which", ["/1", "/latest", "@champion"])
def test_a_registered_model_is_fetched_and_classifies_an_image(which, command, tmp_path):
    Image.fromarray(np.array([[9, 9], [200, 9]], np.uint8)).save(tmp_path / "south-west.png")

    assert command("predict", f"models:/{NAME}{which}", "south-west.png").startswith("south-west.png: 2 ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["models", "promote", "7", "--model-name", NAME], f"{NAME} has no version 7; there is 1, 2"),
        (["predict", "models:/none@champion", "a.png"], "none has no champion"),
        (["predict", f"models:/{NAME}/7", "a.png"], f"{NAME} has no version 7; there is 1, 2"),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(arguments, sentence, command, tmp_path):
    Image.new("L", (2, 2)).save(tmp_path / "a.png")

    said = command(*arguments, fails=True)
    assert re.fullmatch(f"Error: {sentence}.*\n", said)


def test_a_secret_that_opens_nothing_is_said_in_a_sentence(command):
    said = command("models", "list", fails=True, AZURE_CLIENT_SECRET="another")

    assert re.fullmatch(
        r"Error: cannot ask the workspace for its models: AZURE_CLIENT_SECRET is not a secret.*\n", said
    )
