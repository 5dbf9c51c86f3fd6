"""What a training sets for a whole process, and sets back: TensorFlow's determinism and Python's random numbers."""

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import keras
import tensorflow as tf
from tensorflow.python.framework import config  # TensorFlow has no public way to switch its determinism off

_TRAINING = threading.RLock()


@contextmanager
def deterministic_operations() -> Iterator[None]:
    """Make TensorFlow's operations deterministic as long as the body lasts.

    The switch and Python's random numbers belong to the whole process. So one thread at a time is in such a body; the
    others wait.
    """
    with _TRAINING:
        before = config.is_op_determinism_enabled()
        tf.config.experimental.enable_op_determinism()
        try:
            yield
        finally:
            if not before:
                config.disable_op_determinism()


def built_alone(build: Callable[[], keras.Model], seed: int) -> keras.Model:
    """Build a network as if it were the first one in its process: same names of layers, same initial weights.

    Keras keeps the numbers in the names of layers, and the dtype policy, per thread. A new thread starts afresh and
    leaves those of the caller alone. Keras draws all its seeds from Python's random numbers, whose state is restored.

    Args:
        build: Returns the network.
        seed: Decides the initial weights, and what dropout drops.
    """
    state = random.getstate()
    random.seed(seed)
    try:
        with ThreadPoolExecutor(max_workers=1) as thread:
            return thread.submit(build).result()
    finally:
        random.setstate(state)
