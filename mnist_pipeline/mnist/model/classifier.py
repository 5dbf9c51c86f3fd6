"""Trained classifiers, which Keras or ONNX Runtime computes."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import keras
    import onnxruntime
    import tensorflow as tf

PIXEL_MAX = 255  # a white pixel
PREDICTION_BATCH = 200  # images; small enough that the activations stay near the cache


class Classifier(ABC):
    """Computes the class probabilities of images."""

    class_names: tuple[str, ...]
    pixel_max: float = PIXEL_MAX

    @property
    @abstractmethod
    def image_size(self) -> tuple[int, int]:
        """Height and width in pixels."""

    @property
    @abstractmethod
    def n_classes(self) -> int:
        """Number of classes."""

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each class; the label itself if the training data have no names."""
        return self.class_names or tuple(str(label) for label in range(self.n_classes))

    def probabilities(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return the class probabilities, float32 of shape (n, classes), for images of shape (n, height, width).

        The pixels go from 0 to 255, whatever the network itself takes. Numbers that are not whole are allowed, but
        images whose brightest pixel is 1 get a warning, because they were probably scaled to 0..1. The result is that
        of Keras's `predict`, which takes at least twice as long.
        """
        if np.issubdtype(images.dtype, np.floating) and len(images) and 0 < images.max() <= 1:
            warnings.warn(
                f"the brightest pixel of the images is {images.max():.3g}, but a white pixel is {PIXEL_MAX}; do not "
                "scale the pixels to 0..1.",
                stacklevel=2,
            )
        starts = range(0, len(images), PREDICTION_BATCH)
        return np.concatenate(
            [self._forward(self._scaled(images[start : start + PREDICTION_BATCH])) for start in starts]
        )

    def _scaled(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return the pixels as the network takes them, shape (n, height, width, 1)."""
        pixels = images[..., None].astype(np.float32)
        return pixels if self.pixel_max == PIXEL_MAX else pixels * np.float32(self.pixel_max / PIXEL_MAX)

    @abstractmethod
    def _forward(self, images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the probabilities for a batch of images as the network takes them."""


@dataclass(frozen=True)
class TrainedModel(Classifier):
    """A Keras network and the names of its classes.

    Attributes:
        network: Maps float32 gray values of shape (n, height, width, 1) to probabilities (n, classes).
        class_names: A name for each class; empty if the training data have no names.
        pixel_max: What the network takes as a white pixel: 255, or 1 if it was trained on pixels from 0 to 1.
    """

    network: "keras.Model"
    class_names: tuple[str, ...] = ()
    pixel_max: float = PIXEL_MAX

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        _, height, width, _ = self.network.input_shape
        return height, width

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return int(self.network.output_shape[-1])

    def _forward(self, images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        probabilities: npt.NDArray[np.float32] = self._graph(images).numpy()
        return probabilities

    @cached_property
    def _graph(self) -> "Callable[[npt.NDArray[np.float32]], tf.Tensor]":
        """The network as one TensorFlow graph, from images to probabilities; compiled at the first call."""
        import tensorflow as tf

        graph: Callable[[npt.NDArray[np.float32]], tf.Tensor] = tf.function(
            lambda images: self.network(images, training=False),
            input_signature=[tf.TensorSpec((None, *self.image_size, 1), tf.float32)],
            autograph=False,
        )
        return graph


@dataclass(frozen=True)
class OnnxModel(Classifier):
    """A network in the Open Neural Network Exchange format. It loads in a second, and without TensorFlow.

    Attributes:
        session: The network in ONNX Runtime, with the inputs and outputs of `TrainedModel.network`.
        class_names: A name for each class; empty if the training data have no names.
        pixel_max: What the network takes as a white pixel.
    """

    session: "onnxruntime.InferenceSession"
    class_names: tuple[str, ...] = ()
    pixel_max: float = PIXEL_MAX

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        _, height, width, _ = self.session.get_inputs()[0].shape
        return height, width

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return int(self.session.get_outputs()[0].shape[-1])

    def _forward(self, images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        name = self.session.get_inputs()[0].name
        probabilities: npt.NDArray[np.float32]
        (probabilities,) = self.session.run(None, {name: images})
        return probabilities
