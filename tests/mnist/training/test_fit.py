import dataclasses
import hashlib
import json

import mlflow
import numpy as np
import pytest
from idx_data import patterned, write_csv_of

from mnist_pipeline.errors import DataError, MnistPipelineError, OutputError, SettingError
from mnist_pipeline.files import sha256_of
from mnist_pipeline.mnist.data.dataset import Dataset, read_csv_dataset
from mnist_pipeline.mnist.model.model_folder import load_model, read_hyperparameters
from mnist_pipeline.mnist.training.fit import in_effect, split_indices, train
from mnist_pipeline.mnist.training.hyperparameters import NETWORK_NAMES, Hyperparameters, class_names_of
from mnist_pipeline.mnist.training.precision import DTYPE_POLICIES
from mnist_pipeline.mnist.training.recipes import RECIPES

ONE_EPOCH = Hyperparameters(epochs=1, batch_size=8)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("epochs", -1),
        ("batch_size", -1),
        ("learning_rate", -0.1),
        ("learning_rate", float("inf")),
        ("learning_rate", float("nan")),
        ("validation_split", -0.1),
        ("validation_split", 1),
        ("validation_split", float("nan")),
        ("seed", -1),
        ("seed", 2**32),
    ],
)
def test_a_hyperparameter_out_of_its_range_is_named(name, value):
    with pytest.raises(SettingError, match=f"^{name} is {value}; it must be .*[01]"):
        Hyperparameters(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 1),
        ("batch_size", 0),
        ("batch_size", 1),
        ("learning_rate", 0),
        ("learning_rate", 1e-9),
        ("validation_split", 0),
        ("seed", 0),
        ("seed", 2**32 - 1),
    ],
)
def test_the_ends_of_a_range_are_allowed(name, value):
    assert getattr(Hyperparameters(**{name: value}), name) == value


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("network", "small, wide, large, sample"),
        ("augmentation", "none, shift, flip, flip-shift"),
        ("precision", "auto, float32, bfloat16"),
    ],
)
def test_a_name_that_is_unknown_is_answered_with_those_there_are(name, choices):
    with pytest.raises(SettingError, match=f"^{name} is 'resnet'; it must be one of {choices}.$"):
        Hyperparameters(**{name: "resnet"})


@pytest.mark.parametrize(
    ("n", "share", "held_out"),
    [(100, 0.1, 10), (10, 0.25, 2), (10, 0.01, 1), (10, 0.999, 9), (2, 0.9, 1), (1, 0.5, 0), (10, 0, 0)],
)
def test_a_split_takes_every_image_once_and_leaves_some_to_train_on(n, share, held_out):
    training, validation = split_indices(n, share, seed=1)

    assert sorted([*training, *validation]) == list(range(n))
    assert len(validation) == held_out
    assert len(training) > 0


def test_a_split_depends_on_the_seed_and_on_nothing_else():
    first, again, other = (split_indices(1000, 0.1, seed) for seed in (1, 1, 2))

    assert np.array_equal(first[1], again[1])
    assert np.array_equal(first[0], again[0])
    assert not np.array_equal(np.sort(first[1]), np.sort(other[1]))
    assert all(not np.array_equal(part, np.sort(part)) for part in first), "the images are not shuffled"


@pytest.mark.parametrize(
    ("text", "names"),
    [("none", ()), ("bag", ("bag",)), ("bag, coat ,T-shirt/top", ("bag", "coat", "T-shirt/top"))],
)
def test_class_names_have_commas_between(text, names):
    assert class_names_of(text) == names


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("bag,,coat", "class_names is 'bag,,coat'; name 1 is empty, counted from 0; name every class."),
        ("bag,coat,", "class_names is 'bag,coat,'; name 2 is empty, counted from 0; name every class."),
        ("bag,coat, bag", "class_names has bag more than once; give every class a name of its own."),
    ],
)
def test_class_names_that_do_not_tell_the_classes_apart_are_refused(text, sentence):
    with pytest.raises(SettingError) as refused:
        class_names_of(text)

    assert str(refused.value) == sentence


def test_every_epoch_is_logged_once_under_the_names_of_microsofts_sample(training, only_run):
    run = only_run(training.client)
    figures = {
        name: [(metric.step, metric.value) for metric in training.client.get_metric_history(run.info.run_id, name)]
        for name in run.data.metrics
    }

    assert figures.keys() == {"Loss", "Accuracy", "val_loss", "val_accuracy"}
    assert {tuple(step for step, _ in history) for history in figures.values()} == {(0, 1)}
    assert all(0 <= value <= 1 for name in ("Accuracy", "val_accuracy") for _, value in figures[name])
    assert all(value > 0 for name in ("Loss", "val_loss") for _, value in figures[name])
    (printed,) = (line for line in training.printed.splitlines() if line.startswith("epoch 2/2"))
    for metric, name in (("Loss", "loss"), ("Accuracy", "accuracy"), ("val_loss", "val_loss")):
        assert f"  {name} {figures[metric][-1][1]:.4f}  " in printed


def test_every_epoch_is_printed(training):
    lines = [line for line in training.printed.splitlines() if line.startswith("epoch ")]

    assert [line.split()[1] for line in lines] == ["1/2", "2/2"]
    assert all("loss" in line and "val_accuracy" in line for line in lines)


def test_what_was_left_open_is_printed_as_decided(training):
    first = training.printed.splitlines()[0]

    assert first.startswith("network small: 21,891 parameters, batches of 8, ")
    assert first.split()[-1] in ("float32", "bfloat16")


def test_the_run_has_the_hyperparameters_in_effect_and_knows_its_data(training, settings, only_run):
    params = only_run(training.client).data.params

    precision = training.printed.splitlines()[0].split()[-1]
    in_effect = dataclasses.asdict(settings) | {"learning_rate": 0.01, "precision": precision}
    assert params.items() >= {name: str(value) for name, value in in_effect.items()}.items()
    assert (params["images"], params["image_size"], params["classes"]) == ("40", "8x6", "3")
    assert "training_data_sha256" not in params, "these data were made here and come from no file"


def test_the_model_has_the_hyperparameters_that_the_run_has(training, settings, only_run):
    params = only_run(training.client).data.params
    stored = read_hyperparameters(training.folder)

    assert stored.keys() == dataclasses.asdict(settings).keys()
    assert {name: str(value) for name, value in stored.items()}.items() <= params.items()


@pytest.mark.parametrize("network", NETWORK_NAMES)
def test_what_is_left_open_takes_the_value_of_the_network_and_the_processor(network):
    decided = in_effect(Hyperparameters(network=network))

    recipe = RECIPES[network]
    assert (decided.batch_size, decided.learning_rate) == (recipe.batch_size, recipe.learning_rate)
    assert decided.precision in DTYPE_POLICIES
    assert dataclasses.replace(decided, batch_size=0, learning_rate=0.0, precision="auto") == Hyperparameters(
        network=network
    )


def test_what_is_chosen_stays_in_effect():
    chosen = Hyperparameters(batch_size=7, learning_rate=0.5, precision="bfloat16", network="sample")

    assert in_effect(chosen) == chosen


def test_the_run_names_the_data_that_it_was_trained_on_by_their_digest(tmp_path, mlflow_store, only_run):
    data = write_csv_of(tmp_path / "data/mnist_train.csv", *patterned(8, 4, 4, 2))

    train(read_csv_dataset(data.parent), tmp_path / "model", ONE_EPOCH, source=data.parent)

    run = only_run(mlflow_store)
    digest = hashlib.sha256(data.read_bytes()).hexdigest()
    assert run.data.params["training_data_sha256"] == digest
    (logged,) = run.inputs.dataset_inputs
    assert (logged.dataset.name, logged.dataset.digest) == ("training_data", digest[:12])
    assert json.loads(logged.dataset.source) == {"uri": str(data.parent)}
    assert json.loads(logged.dataset.profile) == {"num_rows": 8}
    assert {tag.key: tag.value for tag in logged.tags} == {"mlflow.data.context": "training", "sha256": digest}
    assert mlflow.data.get_source(logged).load() == str(data.parent)


def test_the_run_has_the_learning_curves_as_a_picture(training, only_run, tmp_path):
    from PIL import Image

    path = training.client.download_artifacts(only_run(training.client).info.run_id, "learning_curves.png", tmp_path)

    with Image.open(path) as picture:
        assert min(picture.size) > 200


def test_the_run_is_finished(training, only_run):
    assert only_run(training.client).info.status == "FINISHED"


def test_the_model_knows_the_images_and_the_names_of_the_classes(training):
    model = load_model(training.folder)

    assert (model.image_size, model.n_classes) == ((8, 6), 3)
    assert model.class_names == ("bag", "coat", "sandal")


def test_the_model_gives_probabilities(training):
    probabilities = load_model(training.folder).probabilities(training.dataset.images)

    assert probabilities.shape == (40, 3)
    assert probabilities.min() >= 0
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "same"), [(42, True), (43, False)], ids=["same seed", "other seed"])
@pytest.mark.usefixtures("mlflow_store")
def test_the_seed_decides_the_model(training, settings, tmp_path, seed, same):
    train(training.dataset, tmp_path / "model", dataclasses.replace(settings, seed=seed))

    first, second = (
        load_model(folder).probabilities(training.dataset.images) for folder in (training.folder, tmp_path / "model")
    )
    assert np.array_equal(first, second) is same
    assert (sha256_of(training.folder) == sha256_of(tmp_path / "model")) is same


@pytest.mark.slow
@pytest.mark.parametrize(
    ("images", "labels", "n_classes"),
    [
        pytest.param(*patterned(256, 5, 7, 256), 256, id="as many classes as a byte counts"),
        pytest.param(*patterned(4, 2, 2, 2), 2, id="four images of 2 x 2 pixels"),
        pytest.param(*patterned(3, 1, 9, 1), 1, id="a single class, a single row of pixels"),
        pytest.param(*patterned(1, 4, 4, 1), 1, id="a single image, so nothing to validate on"),
    ],
)
def test_data_at_the_edge_of_what_is_allowed_train(mlflow_store, only_run, tmp_path, images, labels, n_classes):
    train(Dataset(images, labels), tmp_path / "model", ONE_EPOCH)

    model = load_model(tmp_path / "model")
    probabilities = model.probabilities(images)
    assert probabilities.shape == (len(images), n_classes)
    assert np.isfinite(probabilities).all()
    assert model.class_names == ()
    assert ("val_loss" in only_run(mlflow_store).data.metrics) is (len(images) > 1)


@pytest.mark.usefixtures("mlflow_store")
def test_a_label_beyond_the_class_names_is_refused_before_the_training(dataset, tmp_path):
    named_too_few = dataclasses.replace(dataset, class_names=("bag", "coat"))

    with pytest.raises(DataError, match="the data hold the label 2 but there are only 2 class names"):
        train(named_too_few, tmp_path / "model", ONE_EPOCH)


@pytest.mark.usefixtures("mlflow_store")
def test_an_output_path_that_is_a_file_is_refused_before_the_training(dataset, tmp_path, capsys):
    (tmp_path / "model").write_text("precious")

    with pytest.raises(OutputError, match="a file stands where the output folder should be"):
        train(dataset, tmp_path / "model", ONE_EPOCH)

    assert "epoch" not in capsys.readouterr().out
    assert (tmp_path / "model").read_text() == "precious"


@pytest.mark.usefixtures("mlflow_store")
def test_a_folder_with_other_files_is_refused_before_the_training(dataset, tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("precious")

    with pytest.raises(MnistPipelineError, match="holds files that are not a model"):
        train(dataset, tmp_path, ONE_EPOCH)

    assert "epoch" not in capsys.readouterr().out
    assert (tmp_path / "thesis.txt").read_text() == "precious"
