"""A setting is typed once: renamed where it is declared, it is renamed wherever it is seen."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mnist_pipeline

PACKAGE = Path(mnist_pipeline.__file__).parent
SEEN = """
import inspect, json, sys
from mnist_pipeline import __file__ as file, components, pipelines
from mnist_pipeline.settings import settings_of
from mnist_pipeline.cli.azure.pipelines import make_job

found = {"file": file}
for name in components.__all__:
    function = getattr(components, name)
    found[name] = {
        "ports": list(function.component.inputs),
        "command": function.component.command,
        "help": inspect.getdoc(function),
    }
for name, data in (
    ("image-classification", ("azureml:a:1",)),
    ("train-evaluate-register", ("train_data_asset_uri=azureml:a:1", "test_data_asset_uri=azureml:b:1")),
):
    job = make_job(name, data, sys.argv[1:])
    found[name] = {
        "inputs": {key: str(value._data) for key, value in job.inputs.items()},
        "bound": [key for node in job.jobs.values() for key in node._build_inputs()],
        "help": inspect.getdoc(getattr(pipelines, name.replace("-", "_") + "_pipeline")),
    }
print(json.dumps(found))
"""


def copy_package(folder: Path, file: str, old: str, new: str) -> dict[str, str]:
    """Copy the package to a folder with a name replaced in one file; return the environment that imports the copy."""
    copy = folder / "mnist_pipeline"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    declaration = copy / file
    declaration.write_text(re.sub(rf"\b{old}\b", new, declaration.read_text()))
    return {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"}


def output_of(*arguments, folder, environment):
    process = subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


@pytest.mark.parametrize(
    ("file", "old", "new", "value", "component", "script_component", "script"),
    [
        (
            "mnist/registry/promotion.py",
            "min_class_recall",
            "worst_recall",
            "0.25",
            "register_model_component",
            "image_classification_register_component",
            "register_script.py",
        ),
        (
            "mnist/training/hyperparameters.py",
            "batch_size",
            "images_per_step",
            "25",
            "keras_train_component",
            "image_classification_train_component",
            "train_script.py",
        ),
    ],
    ids=["policy", "hyperparameter"],
)
def test_renamed_in_its_declaration_a_setting_is_renamed_everywhere(
    file, old, new, value, component, script_component, script, tmp_path
):
    environment = copy_package(tmp_path, file, old, new)
    option, old_option = f"--{new.replace('_', '-')}", f"--{old.replace('_', '-')}"

    seen = json.loads(output_of("-c", SEEN, f"{new}={value}", folder=tmp_path, environment=environment))
    help_texts = [
        output_of("-m", "mnist_pipeline", "run", "--help", folder=tmp_path, environment=environment),
        output_of(tmp_path / "mnist_pipeline/components" / script, "--help", folder=tmp_path, environment=environment),
    ]

    assert seen["file"].startswith(str(tmp_path))
    assert new in seen[component]["ports"]
    assert f"{new}='${{{{inputs.{new}}}}}'" in seen[component]["command"]
    assert new in seen[script_component]["ports"]
    assert f"{option} ${{{{inputs.{new}}}}}" in seen[script_component]["command"]
    for name in ("image-classification", "train-evaluate-register"):
        assert seen[name]["inputs"][new] == value
        assert new in seen[name]["bound"]
    for name in (component, script_component, "image-classification", "train-evaluate-register"):
        assert f"    {new}: " in seen[name]["help"]
    assert all(re.search(rf"^  {option}\b", text, re.MULTILINE) for text in help_texts)
    assert not re.search(rf"\b{old}\b", json.dumps(seen))
    assert old_option not in "".join(help_texts)
