"""The networks by name: what they are made of, that they learn, and that they can be used without this package."""

import os
import subprocess
import sys

import numpy as np
import pytest
from idx_data import patterned

from mnist_pipeline.mnist.dataset import Dataset
from mnist_pipeline.mnist.errors import SettingError
from mnist_pipeline.mnist.hyperparameters import Hyperparameters
from mnist_pipeline.mnist.recipes import RECIPES
from mnist_pipeline.mnist.training import fit


@pytest.fixture(scope="module")
def shapes():
    """Sixty images of 20 x 18 pixels in three classes."""
    return Dataset(*patterned(60, 20, 18, 3))


def trained(dataset, **settings):
    return fit(dataset, Hyperparameters(**settings), log=lambda *_: None)


@pytest.mark.parametrize(("name", "n_parameters"), [("small", 80_106), ("wide", 242_442), ("sample", 241_546)])
def test_networks_for_28_by_28_pixels_and_ten_classes_have_so_many_parameters(name, n_parameters):
    assert RECIPES[name].build(28, 28, 10).count_params() == n_parameters


@pytest.mark.parametrize("image_size", [(17, 28), (28, 17)])
def test_the_samples_network_refuses_images_it_leaves_nothing_of(image_size):
    with pytest.raises(SettingError, match=f"at least 18 x 18 pixels.*{image_size[0]} x {image_size[1]}; name another"):
        RECIPES["sample"].build(*image_size, 10)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "precision"), [("small", "float32"), ("small", "bfloat16"), ("wide", "bfloat16"), ("sample", "float32")]
)
def test_the_loss_falls_and_what_comes_out_are_float32_probabilities(network, precision, shapes):
    model, history = trained(shapes, network=network, precision=precision, epochs=12, batch_size=8)

    probabilities = model(shapes.images[..., None].astype(np.float32)).numpy()
    assert history["loss"][-1] < 0.7 * history["loss"][0]
    assert probabilities.dtype == np.float32
    assert probabilities.min() >= 0
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert {str(weight.dtype) for weight in model.weights} <= {"float32"} | {"uint32"}


@pytest.mark.slow
@pytest.mark.parametrize("augmentation", ["none", "flip-shift"])
def test_a_saved_network_is_read_in_safe_mode_by_a_process_without_this_package(augmentation, shapes, tmp_path):
    model, _ = trained(shapes, augmentation=augmentation, precision="bfloat16", epochs=1)
    images = shapes.images[..., None].astype(np.float32)
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "images.npy", images)
    program = """
import sys, keras, numpy
model = keras.saving.load_model("model.keras", safe_mode=True)
numpy.save("probabilities.npy", model(numpy.load("images.npy")).numpy())
assert "mnist_pipeline" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, env={**os.environ, "PYTHONPATH": ""})

    assert np.array_equal(np.load(tmp_path / "probabilities.npy"), model(images).numpy())


@pytest.mark.slow
def test_the_same_seed_gives_the_same_network_bit_for_bit_and_another_seed_another(shapes):
    settings = {"augmentation": "flip-shift", "precision": "bfloat16", "epochs": 2, "batch_size": 8}
    first, again, other = (trained(shapes, seed=seed, **settings)[0].get_weights() for seed in (1, 1, 2))

    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert not all(np.array_equal(one, two) for one, two in zip(first, other, strict=True))


@pytest.mark.slow
def test_a_network_trained_on_mirror_images_gives_an_image_and_its_mirror_image_the_same(shapes):
    model, _ = trained(shapes, augmentation="flip-shift", epochs=1)
    images = shapes.images[..., None].astype(np.float32)

    assert np.allclose(model(images), model(images[:, :, ::-1]), atol=1e-6)


@pytest.mark.slow
def test_building_a_network_leaves_keras_dtype_policy_as_it_was(shapes):
    import keras

    trained(shapes, precision="bfloat16", epochs=1)

    assert keras.config.dtype_policy().name == "float32"
