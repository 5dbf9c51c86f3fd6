"""What the conda files list; that it is enough to run every step is shown in workspace/test_submitted_job_runs.py."""

import re
import subprocess
import sys

import pytest
import yaml
from job_environment import pip_list

from mnist_pipeline.components.environment import KERAS, KERAS_GPU, PREP


def test_preparing_needs_no_tensorflow():
    packages = pip_list(yaml.safe_load(PREP["conda_file"].read_text()))

    assert not [package for package in packages if package.startswith(("tensorflow", "keras"))]


@pytest.mark.long
def test_pip_finds_versions_that_go_together_for_every_conda_file(environments, tmp_path):
    """By installing them for other tests; the GPU's list, which no test needs, only adds to what is installed then.

    That says something of the conda files' own Python only. Whoever tests with another lets pip look for all of it.
    """
    prep, keras, gpu = (yaml.safe_load(kind["conda_file"].read_text()) for kind in (PREP, KERAS, KERAS_GPU))
    # What goes together in a long list does so in a part of it.
    assert set(pip_list(prep)) <= set(pip_list(keras)) == without_extras(pip_list(gpu))
    for conda_file in (prep, keras, gpu):
        assert [entry for entry in conda_file["dependencies"] if "python=" in entry] == ["python=3.11"]

    # fast-deps: reads the metadata of a wheel without fetching all of it, here gigabytes of CUDA
    pip = [environments(keras) / "pip", "install", "--quiet", "--dry-run", "--use-feature=fast-deps"]
    if sys.version_info[:2] != (3, 11):
        target = ["--python-version", "3.11", "--only-binary=:all:", "--ignore-installed", "--target"]
        pip += [*target, tmp_path / "unused"]
    resolved = subprocess.run([*pip, *pip_list(gpu)], capture_output=True, text=True)

    assert resolved.returncode == 0, resolved.stderr


def without_extras(packages):
    return {re.sub(r"\[.*\]", "", package) for package in packages}
