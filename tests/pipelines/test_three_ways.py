"""One pipeline, carried out three ways, comes to the same result."""

import json

import pytest
from azure.ai.ml import Input
from idx_data import write_patterned_idx
from mlflow import MlflowClient

from mnist_pipeline import run_locally
from mnist_pipeline.components import (
    keras_score_component,
    keras_train_component,
    prepare_data_component,
    register_model_component,
)
from mnist_pipeline.files import sha256_of
from mnist_pipeline.mnist.model.model_folder import read_hyperparameters
from mnist_pipeline.pipelines import image_classification_pipeline

pytestmark = pytest.mark.slow

SETTINGS = {"epochs": 3, "batch_size": 16, "seed": 7}
GATE = {"model_name": "patterns", "min_accuracy": 0.01}
FINAL = ("Final test accuracy", "Final test loss")


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


@pytest.fixture(scope="module")
def run(raw, tmp_path_factory):
    """The pipeline run here, with what is left open left open."""
    data = Input(type="uri_folder", path=str(raw))
    job = image_classification_pipeline(pipeline_input_data=data, epochs=2, champion="off", **GATE)
    run = run_locally(job, tmp_path_factory.mktemp("page") / "runs", mode="in-process")
    run.raise_for_status()
    return run


def test_the_first_page_of_mlflow_shows_the_metrics_and_what_they_rest_on(run):
    client = MlflowClient(run.tracking_uri)
    experiment = client.get_run(run.run_id).info.experiment_id
    (page,) = (row for row in client.search_runs([experiment]) if "mlflow.parentRunId" not in row.data.tags)

    written = json.loads((run.outputs["result"] / "metrics.json").read_text())
    assert page.info.run_id == run.run_id
    assert page.data.metrics.keys() == {"Loss", "Accuracy", "val_loss", "val_accuracy", *FINAL}
    assert [page.data.metrics[name] for name in FINAL] == [written["accuracy"], pytest.approx(written["loss"])]
    digests = {
        f"{split}_data": sha256_of(next(run.nodes["prepare_data_node"].outputs[f"{split}_data"].iterdir()))
        for split in ("training", "test")
    }
    assert digests["test_data"] == written["digests"]["test_data"]
    assert {name: page.data.params[f"{name}_sha256"] for name in digests} == digests
    assert {entry.dataset.name: entry.dataset.digest for entry in page.inputs.dataset_inputs} == {
        name: digest[:12] for name, digest in digests.items()
    }


def test_the_run_the_model_and_its_version_tell_the_same_settings_in_effect(run):
    client = MlflowClient(run.tracking_uri)
    stored = {name: str(value) for name, value in read_hyperparameters(run.outputs["model"]).items()}
    (version,) = client.search_model_versions(f"name = '{GATE['model_name']}'")

    assert stored.items() >= {"batch_size": "128", "learning_rate": "0.01", "epochs": "2"}.items()
    assert stored["precision"] in ("float32", "bfloat16")
    assert stored.items() <= client.get_run(run.run_id).data.params.items()
    assert {f"hyperparameter.{name}": value for name, value in stored.items()}.items() <= version.tags.items()
    given = json.loads((run.folder / "plan.json").read_text())["nodes"]["train_node"]["inputs"]
    assert (given["batch_size"], given["learning_rate"], given["precision"]) == (0, 0.0, "auto")


def outcome(result, registration):
    """What must not depend on how the steps ran; the digests say that the model is the same, byte for byte."""
    metrics = json.loads((result / "metrics.json").read_text())
    decision = json.loads((registration / "registration.json").read_text())
    return {
        "predictions": (result / "predict_result.csv").read_text(),
        "metrics": metrics,
        "registration": decision,
    }
