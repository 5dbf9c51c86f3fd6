"""A training leaves its process as it was, and two at a time do not disturb each other."""

import random
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework import config

from mnist_pipeline.mnist.training.fit import fit
from mnist_pipeline.mnist.training.hyperparameters import Hyperparameters

ONE_EPOCH = Hyperparameters(epochs=1, batch_size=8, precision="bfloat16")


def trained(dataset, seed=1):
    network, _ = fit(dataset, Hyperparameters(epochs=1, batch_size=8, seed=seed), log=lambda *_: None)
    return network.get_weights()


def test_a_training_leaves_random_numbers_determinism_dtype_policy_and_names_alone(dataset):
    def draws():
        layer = keras.layers.Dense(2)
        layer.build((None, 2))
        own = keras.random.uniform((2,)).numpy().tolist()
        drawn = [random.random(), np.random.random(), tf.random.uniform(()).numpy().item(), own]
        return drawn, int(layer.name.removeprefix("dense_")), layer.kernel.numpy().tolist()

    keras.layers.Dense(1)  # so that the next one has a number
    keras.utils.set_random_seed(7)
    expected, number, weights = draws()
    keras.utils.set_random_seed(7)

    fit(dataset, ONE_EPOCH, log=lambda *_: None)

    assert draws() == (expected, number + 1, weights)
    assert not config.is_op_determinism_enabled()
    assert keras.config.dtype_policy().name == "float32"


def test_determinism_that_the_caller_switched_on_stays_on(dataset):
    tf.config.experimental.enable_op_determinism()
    try:
        fit(dataset, ONE_EPOCH, log=lambda *_: None)

        assert config.is_op_determinism_enabled()
    finally:
        config.disable_op_determinism()


@pytest.mark.slow
def test_trainings_in_threads_come_to_the_weights_that_they_have_one_after_the_other(dataset):
    alone = [trained(dataset, seed) for seed in (1, 2)]

    with ThreadPoolExecutor() as threads:
        together = list(threads.map(lambda seed: trained(dataset, seed), (1, 2)))

    for one, other in zip(alone, together, strict=True):
        assert all(np.array_equal(first, second) for first, second in zip(one, other, strict=True))
