import re
from pathlib import Path

import pytest
import yaml

from mnist_pipeline.components.environment import KERAS, KERAS_GPU, PREP

FILES = [environment["conda_file"] for environment in (PREP, KERAS, KERAS_GPU)]


def pip_requirements(file: Path) -> list[str]:
    (pip,) = (entry["pip"] for entry in yaml.safe_load(file.read_text())["dependencies"] if isinstance(entry, dict))
    return pip


def versions_in(file: Path) -> dict[str, str]:
    return dict(re.sub(r"\[.*\]", "", requirement).split("==") for requirement in pip_requirements(file))


def test_every_conda_file_belongs_to_a_kind_of_step():
    assert sorted(FILES) == sorted(FILES[0].parent.iterdir())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_conda_file_pins_every_package_exactly(file):
    assert pip_requirements(file)
    assert [
        pin
        for pin in pip_requirements(file)
        if not re.fullmatch(r"[a-z][a-z0-9-]*(\[[a-z-]+\])?==[0-9][0-9a-z.]*", pin)
    ] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_conda_file_names_its_python_and_mldesigner_which_starts_the_step(file):
    assert "python=3.11" in yaml.safe_load(file.read_text())["dependencies"]
    assert "mldesigner" in versions_in(file)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_package_has_one_version_in_all_conda_files(file):
    common = versions_in(file).keys() & versions_in(KERAS["conda_file"]).keys()

    assert {name: versions_in(file)[name] for name in common} == {
        name: versions_in(KERAS["conda_file"])[name] for name in common
    }


def test_the_prep_step_needs_neither_tensorflow_nor_mlflow():
    assert versions_in(PREP["conda_file"]).keys() == {"isal", "mldesigner", "numpy"}


def test_a_gpu_needs_the_same_packages_and_tensorflow_with_cuda():
    assert versions_in(KERAS_GPU["conda_file"]) == versions_in(KERAS["conda_file"])
    with_extras = [pin for pin in pip_requirements(KERAS_GPU["conda_file"]) if "[" in pin]
    assert [pin.split("==")[0] for pin in with_extras] == ["tensorflow[and-cuda]"]
    assert "cuda" in KERAS_GPU["image"]
