"""What is installed, here and in the cloud; test_submitted_job_runs.py shows that the conda files are enough."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from job_environment import pip_list

from mnist_pipeline.components.environment import KERAS, KERAS_GPU, PREP

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
PROJECT = tomllib.loads(PYPROJECT.read_text())["project"]
KINDS = {"prep": PREP, "keras": KERAS, "keras-gpu": KERAS_GPU}
CONDA_FILES = {name: yaml.safe_load(kind["conda_file"].read_text()) for name, kind in KINDS.items()}
VERSIONS = ["3.11", "3.12", "3.13"]


def test_preparing_needs_no_tensorflow():
    packages = pip_list(CONDA_FILES["prep"])

    assert not [package for package in packages if package.startswith(("tensorflow", "keras"))]


def test_every_conda_file_has_the_python_that_is_tried_out():
    for conda_file in CONDA_FILES.values():
        assert [entry for entry in conda_file["dependencies"] if "python=" in entry] == ["python=3.11"]


def test_these_are_the_python_versions_that_the_package_admits():
    named = [name.rpartition(" ")[2] for name in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d+$", name)]

    assert named == VERSIONS
    assert PROJECT["requires-python"] == ">=3.11,<3.14"


@pytest.mark.long
@pytest.mark.parametrize("version", VERSIONS)
def test_the_dependencies_and_all_extras_go_together(version):
    resolved = resolve(version, PYPROJECT, "--all-extras")

    assert f"tensorflow=={tensorflow(pip_list(CONDA_FILES['keras']))}" in resolved, "the same here and in the cloud"


@pytest.mark.long
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", CONDA_FILES)
def test_the_packages_of_a_conda_file_go_together(version, name, tmp_path):
    requirements = tmp_path / "requirements.in"
    requirements.write_text("\n".join(pip_list(CONDA_FILES[name])))

    resolved = resolve(version, requirements)

    assert {without_extras(package) for package in pip_list(CONDA_FILES[name])} <= resolved


@pytest.mark.long
def test_packages_that_do_not_go_together_are_noticed(tmp_path):
    requirements = tmp_path / "requirements.in"
    requirements.write_text("mlflow-skinny==3.14.0\nmlflow==3.15.0\n")

    with pytest.raises(AssertionError, match="No solution found"):
        resolve("3.11", requirements)


def resolve(version: str, requirements: Path, *options: str) -> set[str]:
    """Return the pins, `name==version`, with which Python `version` would meet `requirements`, from wheels only."""
    uv = [Path(sys.executable).with_name("uv"), "pip", "compile", "--no-config", "--no-header", "--no-annotate"]
    target = ["--python-version", version, "--only-binary", ":all:"]
    resolved = subprocess.run([*uv, *target, *options, requirements], capture_output=True, text=True)
    assert resolved.returncode == 0, resolved.stderr
    return {line.partition(" ;")[0] for line in resolved.stdout.splitlines()}


def tensorflow(packages: list[str]) -> str:
    """Return the version of TensorFlow that a list pins."""
    (pin,) = [package for package in packages if package.startswith("tensorflow==")]
    return pin.partition("==")[2]


def without_extras(package: str) -> str:
    """Return a requirement without its extras: `tensorflow==2.21.0` for `tensorflow[and-cuda]==2.21.0`."""
    return re.sub(r"\[.*\]", "", package)
