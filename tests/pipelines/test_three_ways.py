"""One pipeline, carried out three ways, comes to the same result."""

import json

import pytest
from azure.ai.ml import Input
from idx_data import write_patterned_idx

from mnist_pipeline import run_locally
from mnist_pipeline.components import (
    keras_score_component,
    keras_train_component,
    prepare_data_component,
    register_model_component,
)
from mnist_pipeline.pipelines import image_classification_pipeline

pytestmark = pytest.mark.slow

SETTINGS = {"epochs": 3, "batch_size": 16, "seed": 7}
GATE = {"model_name": "patterns", "min_accuracy": 0.01}


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    return write_patterned_idx(tmp_path_factory.mktemp("data") / "raw", 8, 6, n_classes=4, n_train=120, n_test=40)


@pytest.fixture(scope="module")
def plain(raw, tmp_path_factory, session_store):
    """The four components called as plain functions, one after the other."""
    folder = tmp_path_factory.mktemp("plain")
    with session_store():
        prepare_data_component(input_data=raw, training_data=folder / "train", test_data=folder / "test")
        keras_train_component(
            input_data=folder / "train", idx_data=raw, class_names="a,b,c,d", output_model=folder / "model", **SETTINGS
        )
        keras_score_component(input_data=folder / "test", input_model=folder / "model", output_result=folder / "result")
        register_model_component(
            input_model=folder / "model", input_result=folder / "result", registration=folder / "registration", **GATE
        )
    return outcome(folder / "result", folder / "registration")


@pytest.mark.parametrize(("mode", "gpu"), [("subprocess", False), ("in-process", True)])
def test_plain_calls_and_the_runner_give_the_same_predictions_and_metrics(mode, gpu, raw, plain, runs):
    job = image_classification_pipeline(
        pipeline_input_data=Input(type="uri_folder", path=str(raw)), class_names="a,b,c,d", gpu=gpu, **SETTINGS, **GATE
    )

    run = run_locally(job, runs, mode=mode)

    run.raise_for_status()
    assert outcome(run.outputs["result"], run.outputs["registration"]) == plain
    assert plain["registration"]["decision"] == "registered"
    assert plain["metrics"]["images"] == 40
    assert [row["name"] for row in plain["metrics"]["classes"]] == ["a", "b", "c", "d"]


def outcome(result, registration):
    """What must not depend on how the steps ran; the digests say that the model is the same, byte for byte."""
    metrics = json.loads((result / "metrics.json").read_text())
    decision = json.loads((registration / "registration.json").read_text())
    return {
        "predictions": (result / "predict_result.csv").read_text(),
        "metrics": metrics,
        "registration": decision,
    }
