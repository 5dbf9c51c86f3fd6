"""The networks by name: what they are made of, that they learn, and that they can be used without this package."""

import os
import subprocess
import sys

import numpy as np
import pytest
from idx_data import patterned

from mnist_pipeline.errors import SettingError
from mnist_pipeline.mnist.data.dataset import Dataset
from mnist_pipeline.mnist.training.fit import fit
from mnist_pipeline.mnist.training.hyperparameters import NETWORK_NAMES, Hyperparameters
from mnist_pipeline.mnist.training.recipes import RECIPES

MIRRORED = {
    "network": "wide",
    "augmentation": "flip-shift",
    "precision": "bfloat16",
    "epochs": 2,
    "batch_size": 8,
    "seed": 1,
}


@pytest.fixture(scope="module")
def shapes():
    """Sixty images of 20 x 18 pixels in three classes."""
    return Dataset(*patterned(60, 20, 18, 3))


def trained(dataset, **settings):
    return fit(dataset, Hyperparameters(**settings), log=lambda *_: None)


def pixels_of(dataset):
    return dataset.images[..., None].astype(np.float32)


@pytest.fixture(scope="module")
def mirrored(shapes):
    """A network trained in bfloat16 on `shapes`, moved and mirrored. Read it only."""
    return trained(shapes, **MIRRORED)[0]


def test_every_name_of_a_network_has_a_recipe_and_the_reverse():
    assert tuple(RECIPES) == NETWORK_NAMES


@pytest.mark.parametrize(
    ("name", "n_parameters"), [("small", 207_114), ("wide", 242_442), ("large", 964_106), ("sample", 241_546)]
)
def test_networks_for_28_by_28_pixels_and_ten_classes_have_so_many_parameters(name, n_parameters):
    assert RECIPES[name].build(28, 28, 10).count_params() == n_parameters


@pytest.mark.parametrize("image_size", [(17, 28), (28, 17)])
def test_the_samples_network_refuses_images_it_leaves_nothing_of(image_size):
    with pytest.raises(SettingError, match=f"at least 18 x 18 pixels.*{image_size[0]} x {image_size[1]}; name another"):
        RECIPES["sample"].build(*image_size, 10)


@pytest.mark.slow
@pytest.mark.parametrize(("network", "precision"), [("small", "float32"), ("sample", "float32")])
def test_the_loss_falls(network, precision, shapes):
    _, history = trained(shapes, network=network, precision=precision, epochs=12, batch_size=8)

    assert history["loss"][-1] < 0.9 * history["loss"][0]


@pytest.mark.slow
def test_a_network_in_use_gives_float32_probabilities_and_leaves_keras_as_it_was(mirrored, shapes):
    import keras

    probabilities = mirrored(pixels_of(shapes)).numpy()

    assert probabilities.dtype == np.float32
    assert probabilities.min() >= 0
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert {str(weight.dtype) for weight in mirrored.weights} == {"float32"}
    assert {layer.dtype_policy.name for layer in mirrored.get_layer("mnist_network").layers} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.slow
def test_a_saved_network_is_read_in_safe_mode_by_a_process_without_this_package(mirrored, shapes, tmp_path):
    mirrored.save(tmp_path / "model.keras")
    np.save(tmp_path / "images.npy", pixels_of(shapes))
    program = """
import sys, keras, numpy
model = keras.saving.load_model("model.keras", safe_mode=True)
numpy.save("probabilities.npy", model(numpy.load("images.npy")).numpy())
assert "mnist_pipeline" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, env={**os.environ, "PYTHONPATH": ""})

    assert np.allclose(np.load(tmp_path / "probabilities.npy"), mirrored(pixels_of(shapes)), atol=1e-6)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_network_bit_for_bit(mirrored, shapes):
    again, _ = trained(shapes, **MIRRORED)

    assert all(np.array_equal(one, two) for one, two in zip(mirrored.get_weights(), again.get_weights(), strict=True))


@pytest.mark.slow
def test_a_network_trained_on_mirror_images_gives_an_image_and_its_mirror_image_the_same(mirrored, shapes):
    images = pixels_of(shapes)

    assert np.allclose(mirrored(images), mirrored(images[:, :, ::-1]), atol=1e-6)
