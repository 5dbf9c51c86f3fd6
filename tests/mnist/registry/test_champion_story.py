"""A champion's rise, fall and return, with real networks on real images."""

import json

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient

from mnist_pipeline.components import (
    keras_score_component,
    keras_train_component,
    prepare_data_component,
    register_model_component,
)
from mnist_pipeline.mnist.data.dataset import read_csv_dataset
from mnist_pipeline.mnist.data.sample import sample_folder
from mnist_pipeline.mnist.registry.champion import find_champion, roll_back
from mnist_pipeline.mnist.registry.client import RegisteredModel

pytestmark = pytest.mark.slow

NAME = "fashion"


def test_a_longer_training_wins_the_shorter_is_refused_and_a_rollback_brings_it_back(mlflow_store, tmp_path):
    test_data = tmp_path / "test"
    prepare_data_component(input_data=sample_folder(), training_data=tmp_path / "train", test_data=test_data)

    def train_and_score(epochs):
        model, result = tmp_path / f"model-{epochs}", tmp_path / f"result-{epochs}"
        keras_train_component(input_data=tmp_path / "train", output_model=model, epochs=epochs)
        keras_score_component(input_data=test_data, input_model=model, output_result=result)
        return {"input_model": model, "input_result": result}

    def register(results):
        register_model_component(
            **results,
            registration=tmp_path / "registration",
            test_data=test_data,
            model_name=NAME,
            min_accuracy=0.4,
            champion="better",
            mcnemar_level=0.01,
        )
        return json.loads((tmp_path / "registration/registration.json").read_text())

    short, long = train_and_score(1), train_and_score(4)

    first = register(short)
    assert (first["decision"], first["model_version"], first["champion"]) == ("registered", "1", None)
    second = register(long)
    assert (second["decision"], second["model_version"], second["is_champion"]) == ("registered", "2", True)
    third = register(short)
    assert third["decision"] == "refused"
    assert third["champion"]["version"] == "2"
    assert third["champion"]["p_value"] == second["champion"]["p_value"] < 0.01
    assert third["champion"]["only_champion"] == second["champion"]["only_challenger"]
    assert as_mlflow_sees_it(mlflow_store, long["input_model"], test_data) == 2

    model = RegisteredModel(NAME, mlflow_store)
    roll_back(model, "a try")
    assert find_champion(model).number == 1
    assert as_mlflow_sees_it(mlflow_store, short["input_model"], test_data) == 1


def as_mlflow_sees_it(client: MlflowClient, model, test_data) -> int:
    """The champion's number, after its predictions were found to be those of the model folder."""
    images = read_csv_dataset(test_data).images[:50]
    champion = mlflow.pyfunc.load_model(f"models:/{NAME}@champion")
    assert np.array_equal(champion.predict(images), mlflow.pyfunc.load_model(str(model)).predict(images))
    return int(client.get_model_version_by_alias(NAME, "champion").version)
