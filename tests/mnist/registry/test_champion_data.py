"""A champion that was trained on other data, found out before the training, and by the step."""

import shutil
from pathlib import Path

import mlflow
import numpy as np
import pytest
from idx_data import patterned, write_csv_of, write_idx
from PIL import Image
from scoring_results import write_results

from mnist_pipeline.errors import CsvError, ModelError
from mnist_pipeline.files import sha256_of
from mnist_pipeline.mnist.registry.champion_data import check_champion
from mnist_pipeline.mnist.registry.client import RegisteredModel
from mnist_pipeline.mnist.registry.promotion import Policy
from mnist_pipeline.mnist.registry.register import register
from mnist_pipeline.mnist.scoring.score import score

ANY = Policy(min_accuracy=0.0)
COMPASS = ["north-west", "north-east", "south-west", "south-east"]  # the classes of `pixel_model`
TRAINED_ON = (
    "the champion, digits version 1, was trained on images of 2 x 2 pixels in 4 classes "
    "(north-west, north-east, south-west, south-east), but these data have "
)
REMEDY = (
    "; register models for these data under a name of their own (--model-name, in Python model_name), or switch the "
    "comparison off (--champion off, in Python champion='off')."
)


def make_champion(folder, tmp_path):
    """Register a model as the champion of `digits`; its results are those on some other test data."""
    register(folder, write_results(tmp_path / "first", [0], [0], model=sha256_of(folder)), None, "digits", ANY)


@pytest.fixture
def champion(pixel_folder, tmp_path, mlflow_store):
    """`pixel_model` as the champion of `digits`."""
    make_champion(pixel_folder, tmp_path)
    return mlflow_store


@pytest.fixture
def network(tmp_path):
    """A function that saves an untrained network for images of a size, without class names; returns the folder."""

    def save(height, width, n_classes):
        import keras

        from mnist_pipeline.mnist.model.classifier import TrainedModel
        from mnist_pipeline.mnist.model.model_folder import save_model

        inputs = keras.Input((height, width, 1))
        outputs = keras.layers.Dense(n_classes, activation="softmax")(keras.layers.Flatten()(inputs))
        folder = tmp_path / f"network {height} x {width}, {n_classes}"
        save_model(TrainedModel(keras.Model(inputs, outputs)), folder, np.zeros((1, height, width), np.uint8))
        return folder

    return save


def idx(folder, images, labels):
    write_idx(folder, "test", images, np.asarray(labels))
    return folder


def csv(folder, images, labels):
    return write_csv_of(folder / "test.csv", np.asarray(images), np.asarray(labels)).parent


def image_folders(folder, size, names):
    for name in names:
        (folder / name).mkdir(parents=True)
        Image.new("L", size[::-1]).save(folder / name / "one.png")
    return folder


OTHER = {
    "another size": (
        lambda folder: idx(folder, np.zeros((2, 3, 4)), [0, 3]),
        "images of 3 x 4 pixels with labels up to 3",
    ),
    "another label": (
        lambda folder: idx(folder, np.zeros((2, 2, 2)), [0, 4]),
        "images of 2 x 2 pixels with labels up to 4",
    ),
    "CSV of another size": (
        lambda folder: csv(folder, np.zeros((2, 3, 3), int), [0, 1]),
        "images of 9 pixels with labels up to 1",
    ),
    "CSV with another label": (
        lambda folder: csv(folder, np.zeros((3, 2, 2), int), [9, 0, 1]),
        "images of 4 pixels with labels up to 9",
    ),
    "pictures of another size": (
        lambda folder: image_folders(folder, (3, 2), COMPASS),
        "images of 3 x 2 pixels in 4 classes (north-east, north-west, south-east, south-west)",
    ),
    "pictures of another class": (
        lambda folder: image_folders(folder, (2, 2), ["up"]),
        "images of 2 x 2 pixels in 1 class (up)",
    ),
}


@pytest.mark.usefixtures("champion")
@pytest.mark.parametrize(("make", "finding"), OTHER.values(), ids=OTHER)
def test_a_champion_that_was_trained_on_other_data_is_named_before_a_training(make, finding, tmp_path):
    with pytest.raises(ModelError) as refused:
        check_champion(make(tmp_path / "data"), "digits")

    assert str(refused.value) == TRAINED_ON + finding + REMEDY


SAME = {
    "other images of the same size": lambda folder: idx(folder, np.zeros((2, 2, 2)), [0, 3]),
    "fewer classes": lambda folder: idx(folder, np.zeros((2, 2, 2)), [0, 0]),
    "CSV": lambda folder: csv(folder, np.zeros((2, 2, 2), int), [3, 0]),
    "pictures": lambda folder: image_folders(folder, (2, 2), COMPASS[1:3]),
}


@pytest.mark.usefixtures("champion")
@pytest.mark.parametrize("make", SAME.values(), ids=SAME)
def test_other_data_of_the_same_kind_are_taken(make, tmp_path):
    check_champion(make(tmp_path / "data"), "digits")


@pytest.mark.usefixtures("champion")
def test_without_a_champion_all_data_are_taken(tmp_path):
    check_champion(OTHER["another size"][0](tmp_path / "data"), "another-name")


@pytest.mark.usefixtures("champion")
def test_the_registry_can_be_named(tmp_path):
    data, uri = OTHER["another size"][0](tmp_path / "data"), mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/elsewhere.db")

    check_champion(data, "digits")
    with pytest.raises(ModelError, match="the champion, digits version 1"):
        check_champion(data, "digits", uri)


@pytest.mark.usefixtures("champion")
def test_data_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/test.csv").write_text("label,pixel\n")

    with pytest.raises(CsvError, match=r"data/test\.csv: line 1"):
        check_champion(tmp_path / "data", "digits")


def champion_files(client):
    return Path(RegisteredModel("digits", client).version(1).source.removeprefix("file://"))


@pytest.mark.parametrize(
    "spoil",
    [shutil.rmtree, lambda folder: (folder / "MLmodel").write_text("flavors: {}\n")],
)
def test_a_champion_that_does_not_say_what_it_was_trained_on_is_left_to_the_step(champion, spoil, tmp_path):
    spoil(champion_files(champion))

    check_champion(OTHER["another size"][0](tmp_path / "data"), "digits")


# The step


def test_the_step_names_the_champion_before_it_downloads_it(champion, network, tmp_path):
    data = csv(tmp_path / "data", *patterned(8, 3, 4, 4))
    challenger = network(3, 4, 4)
    score(data, challenger, tmp_path / "scored")
    shutil.rmtree(champion_files(champion) / "data")  # without it, the champion could not be loaded

    with pytest.raises(ModelError) as refused:
        register(challenger, tmp_path / "scored", None, "digits", ANY, data)

    assert str(refused.value) == f"{TRAINED_ON}images of 3 x 4 pixels with labels up to 3{REMEDY}"
    assert len(RegisteredModel("digits", champion).versions()) == 1


@pytest.mark.usefixtures("mlflow_store")
def test_the_step_names_a_champion_whose_description_does_not_say(make_copy, pixel_folder, network, tmp_path):
    model = make_copy(pixel_folder, "without a signature")
    (model / "MLmodel").write_text("flavors: {}\nmetadata: {pixel_max: 255}\n")
    make_champion(model, tmp_path)
    data = OTHER["CSV with another label"][0](tmp_path / "data")
    challenger = network(2, 2, 10)
    score(data, challenger, tmp_path / "scored")

    with pytest.raises(ModelError) as refused:
        register(challenger, tmp_path / "scored", None, "digits", ANY, data)

    assert str(refused.value) == (
        "the champion, digits version 1, was trained on images of 2 x 2 pixels in 4 classes, but these data have "
        f"images of 2 x 2 pixels with labels up to 9{REMEDY}"
    )


@pytest.mark.usefixtures("mlflow_store")
def test_a_champion_of_turned_images_is_not_scored_on_a_csv_that_does_not_tell(network, tmp_path):
    make_champion(network(4, 3, 4), tmp_path)
    data = csv(tmp_path / "data", *patterned(8, 3, 4, 4))
    challenger = network(3, 4, 4)
    score(data, challenger, tmp_path / "scored")

    with pytest.raises(ModelError, match=r"on images of 4 x 3 pixels .*, but these data have images of 3 x 4 pixels"):
        register(challenger, tmp_path / "scored", None, "digits", ANY, data)


def test_without_the_comparison_other_data_are_taken(champion, network, tmp_path):
    data = csv(tmp_path / "data", *patterned(8, 3, 4, 4))
    challenger = network(3, 4, 4)
    score(data, challenger, tmp_path / "scored")

    register(challenger, tmp_path / "scored", None, "digits", Policy(min_accuracy=0.0, champion="off"), data)

    assert mlflow.MlflowClient().get_registered_model("digits").aliases["champion"] == 2
    assert len(RegisteredModel("digits", champion).versions()) == 2
