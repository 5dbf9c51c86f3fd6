"""The pipeline of scripts: its shape, and its way from images to a registered model."""

import pytest
from azure.ai.ml import Input
from idx_data import patterned, write_csv_of, write_idx
from mlflow import MlflowClient
from PIL import Image

from mnist_pipeline import run_locally
from mnist_pipeline.pipelines import train_evaluate_register_pipeline

N_CLASSES = 3


def as_csv(folder, split, images, labels):
    write_csv_of(folder / f"mnist_{split}.csv", images, labels)


def as_idx(folder, split, images, labels):
    write_idx(folder, split, images, labels, gz=True)


def as_image_folders(folder, split, images, labels):
    for index, (image, label) in enumerate(zip(images, labels, strict=True)):
        (folder / f"kind {label}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"kind {label}" / f"{split}{index}.png")


@pytest.mark.slow
@pytest.mark.parametrize("write", [as_csv, as_idx, as_image_folders])
def test_it_trains_evaluates_and_registers_on_every_kind_of_data(write, tmp_path, runs):
    for split, count in (("train", 60), ("test", 30)):
        write(tmp_path / split, split, *patterned(count, 8, 8, N_CLASSES))

    run = run_locally(job_on(tmp_path / "train", tmp_path / "test"), runs, mode="in-process")

    run.raise_for_status()
    accuracy = float((run.outputs["accuracy"] / "accuracy.txt").read_text())
    assert 0 <= accuracy <= 1
    (version,) = MlflowClient(run.tracking_uri).search_model_versions("name = 'patterns'")
    assert float(version.tags["accuracy"]) == accuracy


@pytest.mark.slow
def test_its_command_lines_run_as_they_would_in_the_cloud(tmp_path, runs):
    for split, count in (("train", 60), ("test", 30)):
        as_idx(tmp_path / split, split, *patterned(count, 20, 18, N_CLASSES))

    settings = {"batch_size": 16, "network": "sample", "augmentation": "flip-shift", "validation_split": 0.0}
    run = run_locally(job_on(tmp_path / "train", tmp_path / "test", **settings), runs)

    run.raise_for_status()
    (version,) = MlflowClient(run.tracking_uri).search_model_versions("name = 'patterns'")
    expected = {"epochs": "2", "batch_size": "16", "network": "sample", "augmentation": "flip-shift", "seed": "42"}
    assert {name: version.tags[f"hyperparameter.{name}"] for name in expected} == expected


def test_compute_and_instance_type_reach_every_node():
    job = train_evaluate_register_pipeline(
        train_data_asset_uri=Input(type="uri_folder", path="azureml:train:1"),
        test_data_asset_uri=Input(type="uri_folder", path="azureml:test:1"),
        compute="kubernetes",
        instance_type="small",
    )

    assert {node.compute for node in job.jobs.values()} == {"kubernetes"}
    assert {node.resources.instance_type for node in job.jobs.values()} == {"small"}
    assert job._validate().passed


def job_on(train, test, **settings):
    return train_evaluate_register_pipeline(
        train_data_asset_uri=Input(type="uri_folder", path=str(train)),
        test_data_asset_uri=Input(type="uri_folder", path=str(test)),
        epochs=2,
        model_name="patterns",
        min_accuracy=0.0,
        **settings,
    )
