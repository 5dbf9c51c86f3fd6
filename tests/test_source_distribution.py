"""The tests that the source distribution carries pass where it was unpacked, without the repository."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


@pytest.mark.long
def test_the_fast_tests_pass_in_the_unpacked_source_distribution(tmp_path):
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "build", "--quiet", "--sdist", "--out-dir", tmp_path, REPOSITORY], check=True)
    with tarfile.open(*tmp_path.glob("mnist_pipeline_azureml-*.tar.gz")) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.glob("mnist_pipeline_azureml-*/")
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COVERAGE_"))}
    environment = {**variables, "PYTHONPATH": str(unpacked)}

    def python(*arguments):
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=unpacked, env=environment, capture_output=True, text=True, check=False)

    where = python("-c", "import mnist_pipeline; print(mnist_pipeline.__file__)")
    tested = python("-m", "pytest", "-q", "-m", "not slow", "--basetemp", tmp_path / "inner")

    assert where.stdout.strip() == str(unpacked / "mnist_pipeline/__init__.py")
    assert tested.returncode == 0, tested.stdout[-10_000:]
