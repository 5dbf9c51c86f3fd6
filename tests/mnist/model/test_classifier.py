"""A network in use: whatever computes it, the probabilities are those that Keras predicts."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import yaml

from mnist_pipeline.mnist.model.classifier import PREDICTION_BATCH, OnnxModel, TrainedModel
from mnist_pipeline.mnist.model.model_folder import load_model, save_model
from mnist_pipeline.mnist.training.recipes import RECIPES

TOLERANCE = 1e-5  # between float32 probabilities whose sums were added up in another order


def predicted(network, images):
    return network.predict(images[..., None].astype(np.float32), verbose=0)


def random_images(n, *size):
    return np.random.default_rng(0).integers(0, 256, (n, *size)).astype(np.uint8)


@pytest.mark.parametrize("n", [1, PREDICTION_BATCH, 2 * PREDICTION_BATCH + 1])
def test_probabilities_are_those_that_keras_predicts(pixel_model, pixel_folder, n):
    images = random_images(n, 2, 2)
    expected = predicted(pixel_model.network, images)

    for model in (pixel_model, load_model(pixel_folder)):
        probabilities = model.probabilities(images)

        assert probabilities.dtype == np.float32
        assert np.allclose(probabilities, expected, rtol=0, atol=TOLERANCE)
        assert np.array_equal(probabilities.argmax(axis=1), expected.argmax(axis=1))


@pytest.mark.slow
@pytest.mark.parametrize("mirrored", [False, True], ids=["as it is", "mirrored"])
@pytest.mark.parametrize("name", RECIPES)
def test_every_network_is_saved_with_an_onnx_file_that_predicts_the_same(name, mirrored, tmp_path):
    import keras

    from mnist_pipeline.mnist.training.networks import for_use

    keras.utils.set_random_seed(0)
    network = for_use(RECIPES[name].build(28, 28, 10), mirrored=mirrored)
    # Untrained, every class is as probable as another; with larger weights there is something to disagree on.
    network.set_weights([1.5 * weight for weight in network.get_weights()])
    images = np.kron(random_images(1000, 2, 2), np.ones((14, 14), np.uint8))
    expected = predicted(network, images)
    assert len(set(expected.argmax(axis=1))) > 1
    assert expected.max() > 0.5

    save_model(TrainedModel(network, tuple("abcdefghij")), tmp_path, images[:3])
    model = load_model(tmp_path)

    assert isinstance(model, OnnxModel)
    assert (model.image_size, model.n_classes, "".join(model.names)) == ((28, 28), 10, "abcdefghij")
    probabilities = model.probabilities(images)
    assert np.allclose(probabilities, expected, rtol=0, atol=TOLERANCE)
    first, second = np.sort(expected, axis=1)[:, :-3:-1].T
    clear = first - second > 2 * TOLERANCE
    assert np.array_equal(probabilities.argmax(axis=1)[clear], expected.argmax(axis=1)[clear])


def test_a_model_folder_is_used_without_tensorflow_and_mlflow(pixel_folder):
    program = f"""
import json, sys, numpy
from mnist_pipeline.mnist.model.model_folder import load_model
probabilities = load_model({str(pixel_folder)!r}).probabilities(numpy.eye(4, dtype="uint8").reshape(4, 2, 2) * 255)
imported = {{"tensorflow", "keras", "mlflow"}} & set(sys.modules)
print(json.dumps([probabilities.argmax(axis=1).tolist(), sorted(imported)]))
"""
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert json.loads(finished.stdout) == [[0, 1, 2, 3], []]


def test_pixels_scaled_to_1_get_a_warning_whatever_computes(pixel_model, pixel_folder):
    scaled = np.full((1, 2, 2), 0.5, np.float32)

    for model in (pixel_model, load_model(pixel_folder)):
        with pytest.warns(UserWarning, match=r"brightest pixel of the images is 0\.5, but a white pixel is 255"):
            model.probabilities(scaled)


def test_pixels_that_are_not_whole_numbers_count_as_they_are(pixel_model, pixel_folder):
    images = np.array([[[0.4, 0.6], [9.2, 9.9]], [[0, 0], [0, 0]]], np.float64)
    expected = predicted(pixel_model.network, images)

    for model in (pixel_model, load_model(pixel_folder)):
        assert np.allclose(model.probabilities(images), expected, rtol=0, atol=TOLERANCE)


@pytest.mark.filterwarnings("ignore:.*nothing says what the network takes:UserWarning")  # its MLmodel is deleted
@pytest.mark.parametrize("missing", ["data/model.onnx", "MLmodel"])
def test_without_an_onnx_file_of_known_origin_keras_computes(pixel_folder, tmp_path, missing):
    shutil.copytree(pixel_folder, tmp_path / "model")
    (tmp_path / "model" / missing).unlink()

    assert isinstance(load_model(tmp_path / "model"), TrainedModel)


def test_a_network_that_was_exchanged_is_the_one_that_counts(pixel_model, pixel_folder, tmp_path):
    import keras

    shutil.copytree(pixel_folder, tmp_path / "model")
    other = keras.models.clone_model(pixel_model.network)
    other.set_weights([-weight for weight in pixel_model.network.get_weights()])
    other.save(tmp_path / "model/data/model.keras")
    images = random_images(5, 2, 2)

    assert np.allclose(load_model(tmp_path / "model").probabilities(images), predicted(other, images), atol=TOLERANCE)


def test_an_onnx_file_that_was_changed_is_not_used(pixel_folder, tmp_path):
    shutil.copytree(pixel_folder, tmp_path / "model")
    with (tmp_path / "model/data/model.onnx").open("ab") as file:
        file.write(b"more")

    assert isinstance(load_model(tmp_path / "model"), TrainedModel)


def test_the_description_names_both_files_with_their_digests(pixel_folder):
    description = yaml.safe_load((pixel_folder / "MLmodel").read_text())

    assert set(description["metadata"]["sha256"]) == {"model.keras", "model.onnx"}
    assert set(description["flavors"]) == {"keras", "python_function"}
