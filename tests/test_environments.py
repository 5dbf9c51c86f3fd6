"""What the conda files list; that it is enough to run every step is shown in workspace/test_submitted_job_runs.py."""

import re
import subprocess
import sys

import pytest
import yaml
from job_environment import pip_list

from mnist_pipeline.components.environment import KERAS, KERAS_GPU, PREP

pytestmark = pytest.mark.slow


def test_preparing_needs_no_tensorflow():
    packages = pip_list(yaml.safe_load(PREP["conda_file"].read_text()))

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
