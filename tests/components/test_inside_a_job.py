"""Azure ML starts a step in a copy of the snapshot, with the snapshot's `components` folder first on `sys.path`."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mnist_pipeline

PACKAGE = Path(mnist_pipeline.__file__).parent


@pytest.fixture
def snapshot(tmp_path):
    """A folder that holds what `.amlignore` lets through."""
    for name in ("components", "mnist"):
        shutil.copytree(PACKAGE / name, tmp_path / "snapshot" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("errors.py", "files.py", "settings.py"):
        shutil.copyfile(PACKAGE / name, tmp_path / "snapshot" / name)
    return tmp_path / "snapshot"


def run_python(*arguments, folder):
    return subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def test_a_job_finds_the_machine_learning_of_its_own_snapshot(snapshot):
    program = (
        "import mnist_pipeline.mnist.data.prep as prep, mnist_pipeline as found; print(prep.__file__, found.__file__)"
    )

    finished = run_python("-c", program, folder=snapshot / "components")

    assert finished.stderr == ""
    assert finished.stdout.split() == [
        str(snapshot / "mnist/data/prep.py"),
        str(snapshot / "components/mnist_pipeline.py"),
    ]


def test_everywhere_else_the_name_is_that_of_the_package():
    assert PACKAGE.name == "mnist_pipeline"
    assert mnist_pipeline.__file__.endswith("mnist_pipeline/__init__.py")
    assert mnist_pipeline.__version__


def test_an_error_in_a_job_is_one_sentence_and_not_a_traceback(snapshot):
    finished = run_python(
        "components/register_script.py", "--model", "nowhere", "--accuracy", "accuracy.txt", folder=snapshot
    )

    assert finished.returncode == 1
    assert finished.stderr.startswith("ModelError: nowhere: no MLmodel file in it; give the folder")
    assert finished.stderr.count("\n") == 1


def test_an_error_that_nobody_foresaw_keeps_its_traceback(snapshot):
    finished = run_python("-c", "import mnist_pipeline; 1 / 0", folder=snapshot / "components")

    assert finished.returncode == 1
    assert finished.stderr.startswith("Traceback")
    assert "ZeroDivisionError" in finished.stderr


@pytest.mark.parametrize(
    ("script", "option"),
    [
        ("score_script", "--input_model"),
        ("train_script", "--model-path"),
        ("evaluate_script", "--accuracy_path"),
        ("register_script", "--min-accuracy"),
    ],
)
def test_a_script_explains_its_options(snapshot, script, option):
    finished = run_python(f"components/{script}.py", "--help", folder=snapshot)

    assert finished.returncode == 0
    assert option in finished.stdout


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        (["train_script.py", "--use-uri", "--model-path", "m"], "--data-path"),
        (["evaluate_script.py", "--use_uri", "--model_path", "m", "--accuracy_path", "a"], "--test_data_dir"),
    ],
)
def test_a_script_that_reads_a_data_asset_needs_to_be_told_which(snapshot, arguments, missing):
    finished = run_python(f"components/{arguments[0]}", *arguments[1:], folder=snapshot)

    assert finished.returncode == 2
    assert f"needs {missing}" in finished.stderr
