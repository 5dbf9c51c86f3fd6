"""Components called as plain functions, in two processes at once, as `pytest -n 2` does."""

import json

import pytest
from balanced_training import balance
from label_counts import count_labels

from mnist_pipeline.components import keras_score_component, keras_train_component, prepare_data_component
from mnist_pipeline.mnist.data.sample import sample_folder


@pytest.mark.parametrize("at_most", [3, 20])
def test_equally_many_rows_of_each_label_are_left(at_most, tmp_path):
    prepare_data_component(input_data=sample_folder(), training_data=tmp_path / "train", test_data=tmp_path / "test")

    balance(data=tmp_path / "train", balanced=tmp_path / "balanced", at_most=at_most)

    rows = (tmp_path / "balanced/mnist_train.csv").read_text().splitlines()
    assert count_labels(rows) == {str(label): at_most for label in range(10)}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_network_is_trained_on_balanced_rows_and_scored(seed, tmp_path):
    prepare_data_component(input_data=sample_folder(), training_data=tmp_path / "train", test_data=tmp_path / "test")
    balance(data=tmp_path / "train", balanced=tmp_path / "balanced", at_most=20)

    keras_train_component(
        input_data=tmp_path / "balanced", output_model=tmp_path / "model", epochs=1, seed=seed, validation_split=0.0
    )
    keras_score_component(
        input_data=tmp_path / "test", input_model=tmp_path / "model", output_result=tmp_path / "result"
    )

    metrics = json.loads((tmp_path / "result/metrics.json").read_text())
    assert metrics["images"] == 1000
