"""Fixtures of the probe's tests."""

import pytest
import yaml

from mnist_pipeline.components.environment import KERAS, PREP


@pytest.fixture(scope="session")
def built(environments):
    """A function like `environments` that builds them all now, before variables lead this process to the stand-in."""
    made = {}
    for declared in (PREP, KERAS):
        conda_file = yaml.safe_load(declared["conda_file"].read_text())
        made[conda_file["name"]] = environments(conda_file)
    made["mnist-pipeline-keras-gpu"] = made["mnist-pipeline-keras"]  # the same without CUDA, which is gigabytes
    return lambda conda_file: made[conda_file["name"]]
