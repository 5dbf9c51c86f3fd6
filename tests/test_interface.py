"""The interface that users and other programs rely on, written out; whoever changes it changes this file too."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from azure.ai.ml import Input

from mnist_pipeline import components, pipelines
from mnist_pipeline.cli.run import run

PACKAGE = Path(components.__file__).parents[1]

FOLDER = ("uri_folder", None, None, None, ())  # type, default, lowest, highest, choices
OPTIONAL_FOLDER = ("optional uri_folder", None, None, None, ())

HYPERPARAMETERS = {
    "epochs": ("integer", 10, 1, None, ()),
    "batch_size": ("integer", 0, 0, None, ()),
    "learning_rate": ("number", 0.0, 0.0, None, ()),
    "validation_split": ("number", 0.1, 0.0, 0.99, ()),
    "seed": ("integer", 42, 0, 4294967295, ()),
    "network": ("string", "small", None, None, ("small", "wide", "large", "sample")),
    "augmentation": ("string", "none", None, None, ("none", "shift", "flip", "flip-shift")),
    "precision": ("string", "auto", None, None, ("auto", "float32", "bfloat16")),
}
POLICY = {
    "min_accuracy": ("number", 0.8, 0.0, 1.0, ()),
    "accuracy_confidence": ("number", 0.0, 0.0, 0.999999, ()),
    "min_class_recall": ("number", 0.0, 0.0, 1.0, ()),
    "max_loss": ("number", 0.0, 0.0, None, ()),
    "min_images": ("integer", 0, 0, None, ()),
    "champion": ("string", "not_worse", None, None, ("better", "not_worse", "off")),
    "champion_margin": ("number", 0.0, 0.0, 1.0, ()),
    "mcnemar_level": ("number", 0.0, 0.0, 0.999999, ()),
}

COMPONENTS = {
    "prepare_data_component": {
        "name": "prep_data",
        "display_name": "Prep Data",
        "inputs": {"input_data": FOLDER},
        "outputs": {"training_data": "uri_folder", "test_data": "uri_folder"},
        "command": "mldesigner execute --source components/prep.py --name prep_data "
        "--inputs input_data='${{inputs.input_data}}' "
        "--outputs training_data='${{outputs.training_data}}' test_data='${{outputs.test_data}}'",
    },
    "keras_train_component": {
        "name": "train_image_classification_keras",
        "display_name": "Train Image Classification Keras",
        "inputs": {
            "input_data": FOLDER,
            "idx_data": OPTIONAL_FOLDER,
            **HYPERPARAMETERS,
            "class_names": ("string", "none", None, None, ()),
        },
        "outputs": {"output_model": "mlflow_model"},
        "command": "mldesigner execute --source components/train.py --name train_image_classification_keras "
        "--inputs input_data='${{inputs.input_data}}' $[[idx_data='${{inputs.idx_data}}']] "
        "epochs='${{inputs.epochs}}' batch_size='${{inputs.batch_size}}' learning_rate='${{inputs.learning_rate}}' "
        "validation_split='${{inputs.validation_split}}' seed='${{inputs.seed}}' network='${{inputs.network}}' "
        "augmentation='${{inputs.augmentation}}' precision='${{inputs.precision}}' "
        "class_names='${{inputs.class_names}}' --outputs output_model='${{outputs.output_model}}'",
    },
    "keras_train_gpu_component": {
        "name": "train_image_classification_keras_gpu",
        "display_name": "Train Image Classification Keras on a GPU",
        "inputs": {
            "input_data": FOLDER,
            "idx_data": OPTIONAL_FOLDER,
            **HYPERPARAMETERS,
            "class_names": ("string", "none", None, None, ()),
        },
        "outputs": {"output_model": "mlflow_model"},
        "command": "mldesigner execute --source components/train_gpu.py --name train_image_classification_keras_gpu "
        "--inputs input_data='${{inputs.input_data}}' $[[idx_data='${{inputs.idx_data}}']] "
        "epochs='${{inputs.epochs}}' batch_size='${{inputs.batch_size}}' learning_rate='${{inputs.learning_rate}}' "
        "validation_split='${{inputs.validation_split}}' seed='${{inputs.seed}}' network='${{inputs.network}}' "
        "augmentation='${{inputs.augmentation}}' precision='${{inputs.precision}}' "
        "class_names='${{inputs.class_names}}' --outputs output_model='${{outputs.output_model}}'",
    },
    "keras_score_component": {
        "name": "score_image_classification_keras",
        "display_name": "Score Image Classification Keras",
        "inputs": {"input_data": FOLDER, "input_model": FOLDER},
        "outputs": {"output_result": "uri_folder"},
        "command": "mldesigner execute --source components/score.py --name score_image_classification_keras "
        "--inputs input_data='${{inputs.input_data}}' input_model='${{inputs.input_model}}' "
        "--outputs output_result='${{outputs.output_result}}'",
    },
    "register_model_component": {
        "name": "register_image_classification_keras",
        "display_name": "Register Image Classification Keras",
        "inputs": {
            "input_model": FOLDER,
            "input_result": FOLDER,
            "test_data": OPTIONAL_FOLDER,
            "model_name": ("string", "mnist-classifier", None, None, ()),
            **POLICY,
        },
        "outputs": {"registration": "uri_folder"},
        "command": "mldesigner execute --source components/register.py --name register_image_classification_keras "
        "--inputs input_model='${{inputs.input_model}}' input_result='${{inputs.input_result}}' "
        "$[[test_data='${{inputs.test_data}}']] model_name='${{inputs.model_name}}' "
        "min_accuracy='${{inputs.min_accuracy}}' accuracy_confidence='${{inputs.accuracy_confidence}}' "
        "min_class_recall='${{inputs.min_class_recall}}' max_loss='${{inputs.max_loss}}' "
        "min_images='${{inputs.min_images}}' champion='${{inputs.champion}}' "
        "champion_margin='${{inputs.champion_margin}}' mcnemar_level='${{inputs.mcnemar_level}}' "
        "--outputs registration='${{outputs.registration}}'",
    },
    "image_classification_train_component": {
        "name": "image_classification_train",
        "display_name": "Image Classification Train",
        "inputs": {"data": FOLDER, **HYPERPARAMETERS},
        "outputs": {"model": "mlflow_model"},
        "command": "python components/train_script.py --use-uri --data-path ${{inputs.data}} "
        "--model-path ${{outputs.model}} --epochs ${{inputs.epochs}} --batch-size ${{inputs.batch_size}} "
        "--learning-rate ${{inputs.learning_rate}} --validation-split ${{inputs.validation_split}} "
        "--seed ${{inputs.seed}} --network ${{inputs.network}} --augmentation ${{inputs.augmentation}} "
        "--precision ${{inputs.precision}}",
    },
    "image_classification_evaluate_component": {
        "name": "image_classification_evaluate",
        "display_name": "Image Classification Evaluate",
        "inputs": {"data": FOLDER, "model": FOLDER},
        "outputs": {"accuracy": "uri_folder"},
        "command": "python components/evaluate_script.py --use_uri --test_data_dir ${{inputs.data}} "
        "--model_path ${{inputs.model}} --accuracy_path ${{outputs.accuracy}}",
    },
    "image_classification_register_component": {
        "name": "image_classification_register",
        "display_name": "Image Classification Register",
        "inputs": {
            "model": FOLDER,
            "accuracy": FOLDER,
            "test_data": OPTIONAL_FOLDER,
            "model_name": ("string", "mnist-classifier", None, None, ()),
            **POLICY,
        },
        "outputs": {},
        "command": "python components/register_script.py --model ${{inputs.model}} --accuracy ${{inputs.accuracy}} "
        "$[[--test-data ${{inputs.test_data}}]] --model-name ${{inputs.model_name}} "
        "--min-accuracy ${{inputs.min_accuracy}} --accuracy-confidence ${{inputs.accuracy_confidence}} "
        "--min-class-recall ${{inputs.min_class_recall}} --max-loss ${{inputs.max_loss}} "
        "--min-images ${{inputs.min_images}} --champion ${{inputs.champion}} "
        "--champion-margin ${{inputs.champion_margin}} --mcnemar-level ${{inputs.mcnemar_level}}",
    },
}

PIPELINES = {
    "image_classification_pipeline": {
        "data": ["pipeline_input_data"],
        "settings": {
            **HYPERPARAMETERS,
            "class_names": ("string", "none", 1, None, ()),
            "model_name": ("string", "mnist-classifier", 1, 255, ()),
            **POLICY,
        },
        "nodes": {
            "prepare_data_node": "prep_data",
            "train_node": "train_image_classification_keras",
            "score_node": "score_image_classification_keras",
            "register_node": "register_image_classification_keras",
        },
        "outputs": ["model", "result", "registration"],
    },
    "train_evaluate_register_pipeline": {
        "data": ["train_data_asset_uri", "test_data_asset_uri"],
        "settings": {**HYPERPARAMETERS, "model_name": ("string", "mnist-classifier", 1, 255, ()), **POLICY},
        "nodes": {
            "train_node": "image_classification_train",
            "evaluate_node": "image_classification_evaluate",
            "register_node": "image_classification_register",
        },
        "outputs": ["model", "accuracy"],
    },
}

RUN_OPTIONS = {
    "--data": "sample",
    "--output-dir": "mnist-runs",
    "--mode": "subprocess",
    "--fail-if-refused": False,
    "--json": False,
    "--epochs": 10,
    "--batch-size": 0,
    "--learning-rate": 0.0,
    "--validation-split": 0.1,
    "--seed": 42,
    "--network": "small",
    "--augmentation": "none",
    "--precision": "auto",
    "--class-names": "none",
    "--model-name": "mnist-classifier",
    "--min-accuracy": 0.8,
    "--accuracy-confidence": 0.0,
    "--min-class-recall": 0.0,
    "--max-loss": 0.0,
    "--min-images": 0,
    "--champion": "not_worse",
    "--champion-margin": 0.0,
    "--mcnemar-level": 0.0,
}

SCRIPT_FLAGS = {
    "score_script.py": {"--input_data": None, "--input_model": None, "--output_result": None},
    "train_script.py": {
        "--use-uri": None,
        "--data-path": "./data",
        "--model-path": None,
        "--epochs": "10",
        "--batch-size": "0",
        "--learning-rate": "0.0",
        "--validation-split": "0.1",
        "--seed": "42",
        "--network": "small",
        "--augmentation": "none",
        "--precision": "auto",
    },
    "evaluate_script.py": {
        "--use_uri": None,
        "--test_data_dir": "./data",
        "--model_path": None,
        "--accuracy_path": None,
    },
    "register_script.py": {
        "--model": None,
        "--accuracy": None,
        "--test-data": None,
        "--model-name": "mnist-classifier",
        "--min-accuracy": "0.8",
        "--accuracy-confidence": "0.0",
        "--min-class-recall": "0.0",
        "--max-loss": "0.0",
        "--min-images": "0",
        "--champion": "not_worse",
        "--champion-margin": "0.0",
        "--mcnemar-level": "0.0",
    },
}


def declared(port):
    type_ = f"optional {port.type}" if port.optional else port.type
    return type_, port.default, port.min, port.max, tuple(port.enum or ())


def test_every_component_is_written_out_here():
    assert sorted(COMPONENTS) == sorted(components.__all__)


@pytest.mark.parametrize("function_name", COMPONENTS)
def test_a_component_has_these_names_ports_and_command(function_name):
    component = getattr(components, function_name).component

    assert component.version == "1"
    assert COMPONENTS[function_name] == {
        "name": component.name,
        "display_name": component.display_name,
        "inputs": {name: declared(port) for name, port in component.inputs.items()},
        "outputs": {name: port.type for name, port in component.outputs.items()},
        "command": component.command,
    }
    assert list(component.inputs) == list(COMPONENTS[function_name]["inputs"])


@pytest.mark.parametrize("function_name", PIPELINES)
def test_a_pipeline_has_these_inputs_nodes_and_outputs(function_name):
    interface, pipeline = PIPELINES[function_name], getattr(pipelines, function_name)
    data = {name: Input(type="uri_folder", path=f"azureml:{name}:1") for name in interface["data"]}

    job = pipeline(**data)

    ranges = {name: pipeline.ranges[name] for name in interface["settings"]}
    settings = {
        name: (port.type, port.default, ranges[name].min, ranges[name].max, tuple(ranges[name].choices))
        for name, port in job.component.inputs.items()
        if name not in interface["data"]
    }
    assert settings == interface["settings"]
    assert list(job.component.inputs) == [*interface["data"], *interface["settings"]]
    assert {name: declared(job.component.inputs[name]) for name in data} == dict.fromkeys(data, FOLDER)
    assert {name: node.component.name for name, node in job.jobs.items()} == interface["nodes"]
    assert list(job.outputs) == interface["outputs"]


def test_run_has_these_options_and_defaults():
    assert {option.opts[0]: option.default for option in run.params} == RUN_OPTIONS


@pytest.mark.parametrize("script", SCRIPT_FLAGS)
def test_a_script_has_these_flags_and_defaults(script):
    process = subprocess.run(
        [sys.executable, PACKAGE / "components" / script, "--help"],
        env={**os.environ, "COLUMNS": "1000"},
        capture_output=True,
        text=True,
        check=True,
    )

    described = re.findall(r"^  (--[\w-]+)(.*(?:\n {24}.*)?)", process.stdout, re.MULTILINE)
    defaults = {flag: re.search(r"\(default: ([^)]+)\)", text) for flag, text in described}
    assert {flag: default and default[1] for flag, default in defaults.items()} == SCRIPT_FLAGS[script]
