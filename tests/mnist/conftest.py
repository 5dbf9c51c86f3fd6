"""Trained and hand-made models, made once, because each costs seconds."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from idx_data import patterned, write_csv_of
from workspace_stand_in.fixtures import stand_in

from mnist_pipeline.mnist.data.dataset import Dataset

__all__ = ["stand_in"]  # a fixture


@dataclass(frozen=True)
class Training:
    """A finished training: what went in, where the model is, and the MLflow client that knows its run."""

    dataset: Dataset
    folder: Path
    client: object
    printed: str


@pytest.fixture(scope="session")
def dataset():
    """Forty images of 8 x 6 pixels in three named classes."""
    return Dataset(*patterned(40, 8, 6, 3), class_names=("bag", "coat", "sandal"))


@pytest.fixture(scope="session")
def settings():
    """Two short epochs."""
    from mnist_pipeline.mnist.training.hyperparameters import Hyperparameters

    return Hyperparameters(epochs=2, batch_size=8, validation_split=0.2)


@pytest.fixture(scope="session")
def training(dataset, settings, session_store, tmp_path_factory):
    """A network trained on `dataset` with `settings`. Read it only."""
    import contextlib
    import io

    from mnist_pipeline.mnist.training.fit import train

    folder = tmp_path_factory.mktemp("training") / "model"
    with session_store() as client, contextlib.redirect_stdout(io.StringIO()) as printed:
        train(dataset, folder, settings)
    return Training(dataset, folder, client, printed.getvalue())


@pytest.fixture(scope="session")
def pixel_data():
    """Labelled images for `pixel_model`: some taken wrongly, class 2 without images, class 3 never predicted."""
    rows = [(0, 0), (0, 0), (0, 1), (1, 1), (1, 1), (1, 0), (3, 2), (3, 1)]  # label, brightest pixel
    images = np.random.default_rng(0).integers(0, 90, (len(rows), 4))
    for image, (_, brightest) in zip(images, rows, strict=True):
        image[brightest] = 200
    labels = np.array([label for label, _ in rows], np.uint8)
    return Dataset(images.reshape(-1, 2, 2).astype(np.uint8), labels)


@pytest.fixture(scope="session")
def pixel_csv(pixel_data, tmp_path_factory):
    """`pixel_data` as a label-first CSV."""
    return write_csv_of(tmp_path_factory.mktemp("pixel_data") / "test.csv", pixel_data.images, pixel_data.labels)


@pytest.fixture
def make_copy(tmp_path):
    """A function that copies a model folder to `tmp_path`, with a file more, so that it counts as another model."""

    def make(folder, name):
        copy = shutil.copytree(folder, tmp_path / name)
        (copy / "name.txt").write_text(name)
        return copy

    return make
