"""A wrong value is refused before any step runs, and by the step, always with the same sentence."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from azure.ai.ml import Input
from azure.ai.ml.dsl import pipeline

from mnist_pipeline import run_locally
from mnist_pipeline.components import keras_train_component, register_model_component
from mnist_pipeline.errors import SettingError
from mnist_pipeline.pipelines import image_classification_pipeline, train_evaluate_register_pipeline
from mnist_pipeline.workspace.preview import preview

PACKAGE = Path(__file__).resolve().parents[2] / "mnist_pipeline"
NAN = float("nan")

WRONG = [
    ({"epochs": 0}, "epochs is 0; it must be a whole number of at least 1."),
    ({"epochs": "ten"}, "epochs is 'ten'; it must be a whole number of at least 1."),
    ({"epochs": 2.0}, "epochs is 2.0; it must be a whole number of at least 1."),
    ({"network": "foo"}, "network is 'foo'; it must be one of small, wide, large, sample."),
    ({"validation_split": 1.0}, "validation_split is 1.0; it must be a number from 0 to 0.99."),
    ({"seed": -1}, "seed is -1; it must be a whole number from 0 to 4294967295."),
    ({"min_accuracy": 80}, "min_accuracy is 80; it must be a number from 0 to 1."),
    ({"min_accuracy": NAN}, "min_accuracy is nan; it must be a number from 0 to 1."),
    ({"champion": "maybe"}, "champion is 'maybe'; it must be one of better, not_worse, off."),
    ({"max_loss": -0.5}, "max_loss is -0.5; it must be a number of at least 0."),
]
IDS = [f"{name}={value}" for wrong, _ in WRONG for name, value in wrong.items()]
wrong_values = pytest.mark.parametrize(("wrong", "sentence"), WRONG, ids=IDS)


def make_job(folder, **settings):
    return image_classification_pipeline(
        pipeline_input_data=Input(type="uri_folder", path=str(folder)), compute="cpu-cluster", **settings
    )


def make_script_job(folder, **settings):
    data = Input(type="uri_folder", path=str(folder))
    return train_evaluate_register_pipeline(
        train_data_asset_uri=data, test_data_asset_uri=data, compute="cpu-cluster", **settings
    )


@wrong_values
def test_when_a_pipeline_is_called(wrong, sentence, idx_folder):
    with pytest.raises(SettingError) as refused:
        make_job(idx_folder, **wrong)

    assert str(refused.value) == sentence


@wrong_values
def test_by_the_runner_when_a_value_is_set_on_the_job(wrong, sentence, idx_folder, tmp_path):
    job = make_job(idx_folder)
    for name, value in wrong.items():
        setattr(job.inputs, name, value)

    with pytest.raises(SettingError) as refused:
        run_locally(job, tmp_path / "runs")

    assert str(refused.value) == sentence
    assert not (tmp_path / "runs").exists()


@wrong_values
def test_by_what_submit_and_its_dry_run_check(wrong, sentence, idx_folder):
    job = make_job(idx_folder)
    for name, value in wrong.items():
        setattr(job.inputs, name, value)

    with pytest.raises(SettingError) as refused:
        preview(job)

    assert str(refused.value) == sentence


@wrong_values
def test_by_a_step_that_is_called_as_a_function(wrong, sentence, tmp_path):
    (name,) = wrong
    component, folders = (
        (keras_train_component, ("input_data", "output_model"))
        if name in ("epochs", "network", "validation_split", "seed")
        else (register_model_component, ("input_model", "input_result", "registration"))
    )

    with pytest.raises(SettingError) as refused:
        component(**{folder: str(tmp_path / folder) for folder in folders}, **wrong)

    assert str(refused.value) == sentence
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("script", "options", "sentence"),
    [
        ("train_script.py", ["--epochs", "ten"], "epochs is 'ten'; it must be a whole number of at least 1."),
        ("train_script.py", ["--network", "foo"], "network is 'foo'; it must be one of small, wide, large, sample."),
        (
            "register_script.py",
            ["--champion", "maybe"],
            "champion is 'maybe'; it must be one of better, not_worse, off.",
        ),
    ],
)
def test_by_a_script(script, options, sentence, tmp_path):
    folders = {"train_script.py": ["--model-path"], "register_script.py": ["--model", "--accuracy"]}[script]
    places = [word for option in folders for word in (option, "nowhere")]

    step = subprocess.run(
        [sys.executable, PACKAGE / "components" / script, *places, *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    assert step.returncode == 1
    assert step.stderr.splitlines()[-1] == f"SettingError: {sentence}"


@pytest.mark.parametrize(
    ("value", "has_sdk", "sentence"),
    [
        ("0", False, "SettingError: epochs is 0; it must be a whole number of at least 1."),
        ("0", True, r"UserErrorException: .*Parameter 'epochs' should not be less than 1\."),
        ("ten", False, r"UserErrorException: .*For parameter 'epochs', could not convert string to float: 'ten'"),
    ],
)
def test_by_a_step_in_a_job(value, has_sdk, sentence, tmp_path):
    """The value came from a workspace, past every check of ours.

    mldesigner checks the type in its own words, and the range too where it finds the Azure SDK.
    """
    snapshot = shutil.copytree(keras_train_component.component.code, tmp_path / "snapshot")
    command = keras_train_component.component.command.replace("$[[idx_data='${{inputs.idx_data}}']]", "")
    for name, port in keras_train_component.component.inputs.items():
        given = {"epochs": value, "input_data": str(tmp_path)}.get(name, str(port.default))
        command = command.replace(f"${{{{inputs.{name}}}}}", given)
    command = command.replace("${{outputs.output_model}}", str(tmp_path / "model"))
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path} | (
        {} if has_sdk else {"PYTHONPATH": str(PACKAGE / "runner/without_sdk")}
    )

    step = subprocess.run(command, shell=True, cwd=snapshot, env=environment, capture_output=True, text=True)

    assert step.returncode == 1
    assert re.fullmatch(sentence, step.stderr.strip())


def test_a_value_of_an_outer_pipeline_is_checked_too(idx_folder, tmp_path):
    @pipeline()
    def outer(data: Input(type="uri_folder"), limit: float = 0.5):
        train_evaluate_register_pipeline(train_data_asset_uri=data, test_data_asset_uri=data, min_accuracy=limit)

    job = outer(data=Input(type="uri_folder", path=str(idx_folder)), limit=1.5)

    with pytest.raises(SettingError, match=r"^min_accuracy is 1\.5; it must be a number from 0 to 1\.$"):
        run_locally(job, tmp_path / "runs")


@pytest.mark.parametrize(("name", "length"), [("class_names", "at least 1 character"), ("model_name", "1 to 255 .*")])
def test_no_setting_takes_an_empty_text_which_mldesigner_would_refuse(name, length, idx_folder):
    with pytest.raises(SettingError, match=f"^{name} is ''; it must be text of {length}\\.$"):
        make_job(idx_folder, **{name: ""})


REFUSED_NAMES = ["a/b", "a:b", "my digits", "..", ".digits", "-digits", "digits'", "Ziffern-für-alle", "d" * 256]
refused_names = pytest.mark.parametrize("name", REFUSED_NAMES, ids=lambda name: name[:20])
NAME_RULE = (
    "it must be text of 1 to 255 characters: English letters, digits, dashes, underscores and periods, first a letter "
    "or a digit."
)


@refused_names
@pytest.mark.parametrize("call", [make_job, make_script_job], ids=["first", "second"])
def test_a_model_name_that_a_registry_would_refuse_is_refused_when_a_pipeline_is_called(call, name, idx_folder):
    with pytest.raises(SettingError) as refused:
        call(idx_folder, model_name=name)

    assert str(refused.value) == f"model_name is {name!r}; {NAME_RULE}"


@refused_names
def test_a_model_name_that_a_registry_would_refuse_is_refused_by_the_step(name, tmp_path):
    with pytest.raises(SettingError) as refused:
        register_model_component(
            input_model=tmp_path, input_result=tmp_path, registration=tmp_path / "registration", model_name=name
        )

    assert str(refused.value) == f"model_name is {name!r}; {NAME_RULE}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["digits", "Digits_2.v1-final", "7", "d" * 255], ids=lambda name: name[:20])
def test_a_model_name_that_every_registry_takes_is_taken(name, idx_folder, mlflow_store):
    make_job(idx_folder, model_name=name)

    assert mlflow_store.create_registered_model(name).name == name


@pytest.mark.parametrize("call", [make_job, make_script_job], ids=["first", "second"])
def test_values_that_have_no_effect_together_are_refused_when_a_pipeline_is_called(call, idx_folder):
    with pytest.raises(SettingError, match=r"^mcnemar_level is 0\.05, but it has no effect if champion is off; "):
        call(idx_folder, champion="off", mcnemar_level=0.05)


def test_values_that_have_no_effect_together_are_refused_by_the_step(tmp_path):
    with pytest.raises(SettingError, match=r"^champion_margin is 0\.1, but it has no effect if champion is better; "):
        register_model_component(
            input_model=tmp_path,
            input_result=tmp_path,
            registration=tmp_path / "registration",
            champion="better",
            champion_margin=0.1,
        )
    assert list(tmp_path.iterdir()) == []


def test_no_setting_takes_none(idx_folder):
    for name in image_classification_pipeline.ranges:
        with pytest.raises(SettingError, match=f"^{name} is None; it must be "):
            make_job(idx_folder, **{name: None})


def test_numbers_that_were_written_as_text_are_read(idx_folder):
    job = make_job(idx_folder)
    job.inputs.epochs, job.inputs.min_accuracy = "3", "0.5"

    assert "min_accuracy" in json.dumps(preview(job).job_yaml)
