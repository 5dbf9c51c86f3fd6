import json

import mlflow
import pytest
from azure.ai.ml.entities import Command
from idx_data import direct_csv, patterned, write_csv_of, write_patterned_idx

from mnist_pipeline.components import (
    image_classification_evaluate_component,
    image_classification_register_component,
    image_classification_train_component,
    keras_score_component,
    keras_train_component,
    prepare_data_component,
    register_model_component,
)
from mnist_pipeline.errors import IdxError


def test_a_component_with_output_folders_runs_as_a_plain_function(idx_folder, tmp_path):
    result = prepare_data_component(
        input_data=str(idx_folder), training_data=str(tmp_path / "train"), test_data=str(tmp_path / "test")
    )

    assert result is None
    assert (tmp_path / "train/mnist_train.csv").read_bytes() == direct_csv(
        idx_folder / "train-images-idx3-ubyte", idx_folder / "train-labels-idx1-ubyte"
    )


def test_positional_arguments_run_it_too(idx_folder, tmp_path):
    prepare_data_component(idx_folder, tmp_path / "train", test_data=tmp_path / "test")

    assert (tmp_path / "test/mnist_test.csv").read_text() == "3,255,255,255,255\n"


def test_its_errors_are_those_of_the_machine_learning(tmp_path):
    with pytest.raises(IdxError, match="nowhere: no such folder"):
        prepare_data_component(tmp_path / "nowhere", tmp_path / "train", tmp_path / "test")


@pytest.mark.parametrize(
    ("arguments", "finding"),
    [
        ({"input_data": "in", "training_data": "out"}, "missing a required argument: 'test_data'"),
        ({"training_data": "out", "test_data": "out"}, "missing a required argument: 'input_data'"),
        (
            {"input_data": "in", "training_data": "a", "test_data": "b", "epochs": 3},
            "unexpected keyword argument 'epochs'",
        ),
    ],
    ids=["an output", "an input", "one too many"],
)
def test_a_missing_or_unknown_argument_is_a_type_error(arguments, finding):
    with pytest.raises(TypeError, match=finding):
        prepare_data_component(**arguments)


def test_too_few_positional_arguments_are_a_type_error(idx_folder):
    with pytest.raises(TypeError, match="missing a required argument: 'training_data'"):
        prepare_data_component(idx_folder)


def test_without_outputs_it_is_a_node():
    assert isinstance(prepare_data_component(input_data="azureml:some_data:1"), Command)


@pytest.mark.slow
@pytest.mark.usefixtures("mlflow_store")
def test_the_four_components_run_one_after_the_other_as_plain_functions(tmp_path):
    raw = write_patterned_idx(tmp_path / "raw", height=6, width=9, n_classes=3)
    training_data, test_data, model, result, registration = (tmp_path / name for name in ("a", "b", "m", "r", "reg"))

    prepare_data_component(input_data=raw, training_data=training_data, test_data=test_data)
    keras_train_component(
        input_data=training_data,
        output_model=model,
        idx_data=raw,
        epochs=2,
        batch_size=8,
        class_names="circle, square,star",
    )
    keras_score_component(test_data, model, result)
    register_model_component(
        input_model=model, input_result=result, registration=registration, model_name="shapes", min_accuracy=0.0
    )

    metrics = json.loads((result / "metrics.json").read_text())
    record = json.loads((registration / "registration.json").read_text())
    assert metrics["images"] == len((result / "predict_result.csv").read_text().splitlines()) == 24
    assert [entry["name"] for entry in metrics["classes"]] == ["circle", "square", "star"]
    assert record["decision"] == "registered"
    assert record["digests"] == metrics["digests"]
    assert mlflow.models.get_model_info("models:/shapes/1").signature.inputs.inputs[0].shape == (-1, 6, 9)


@pytest.mark.slow
@pytest.mark.usefixtures("mlflow_store")
def test_the_three_components_of_scripts_run_one_after_the_other_as_plain_functions(tmp_path):
    for split, count in (("train", 60), ("test", 30)):
        write_csv_of(tmp_path / split / "data.csv", *patterned(count, 18, 18, 3))
    model, accuracy = tmp_path / "model", tmp_path / "accuracy"

    image_classification_train_component(data=tmp_path / "train", model=model, epochs=2, network="sample")
    image_classification_evaluate_component(data=tmp_path / "test", model=model, accuracy=accuracy)
    image_classification_register_component(
        model, accuracy, tmp_path / "test", model_name="shapes", min_accuracy=0.0, min_images=30
    )

    (version,) = mlflow.MlflowClient().search_model_versions("name = 'shapes'")
    assert version.tags["accuracy"] == (accuracy / "accuracy.txt").read_text().strip()
    assert version.tags["hyperparameter.network"] == "sample"
    assert version.tags["check.min_images"].startswith("passed: required 30")
