"""The networks: convolutional classifiers for gray images, built for training and for use.

A network for training normalizes with a fast layer of our own. A network for use consists of Keras's own layers, in
float32, so that a saved network can be read without this package. Both have the same weights in the same order.
"""

from collections.abc import Sequence

import keras
import tensorflow as tf

from mnist_pipeline.errors import SettingError

BATCH_NORM_MOMENTUM = 0.9  # Keras's 0.99 lags behind the weights when an epoch is only tens of batches
SMALLEST_FOR_SAMPLE = 18  # pixels; the sample's convolutions and poolings leave nothing of a smaller image


def build_network(height: int, width: int, n_classes: int, filters: Sequence[int]) -> keras.Model:
    """Return an untrained classifier: 3x3 convolutions with pooling between, the mean over the image, one dense layer.

    The output of a convolution is rectified, pooled and only then normalized over the batch (Ioffe and Szegedy 2015):
    a quarter of the numbers at a quarter of the cost. Nothing is flattened, so the number of parameters does not depend
    on the image size, and padding "same" leaves at least one pixel of any image.

    Args:
        height: Rows of an image, at least 1.
        width: Columns of an image, at least 1.
        n_classes: Number of classes, at least 1.
        filters: Number of filters of each convolution, at least one convolution.

    Returns:
        A model from (batch, height, width, 1) raw pixels, 0 to 255 in any numeric dtype, to (batch, n_classes) float32
        probabilities that sum to 1.
    """
    image, features = _scaled_image(height, width)
    for stage, n_filters in enumerate(filters):
        if stage > 0:
            features = _pooled(features)
        features = _convolution(n_filters)(features)
    features = keras.layers.GlobalAveragePooling2D()(features)
    logits = keras.layers.Dense(n_classes)(features)
    return keras.Model(image, _probabilities(logits), name="mnist_network")


def build_lenet(height: int, width: int, n_classes: int) -> keras.Model:
    """Return an untrained LeNet (LeCun et al. 1998) of today's parts: two convolutions, each pooled, and dense layers.

    Convolutions of 16 and 32 filters as in `build_network`, then a dense layer of 128 rectified units that sees where
    in the image something is. In few epochs it learns as much as a deeper network, at less cost. For 28 x 28 pixels and
    ten classes it has 207,114 parameters; 200,832 of them belong to the dense layer and grow with the image.

    Args:
        height: Rows of an image, at least 1.
        width: Columns of an image, at least 1.
        n_classes: Number of classes, at least 1.

    Returns:
        A model with the same input and output as that of `build_network`.
    """
    image, features = _scaled_image(height, width)
    for n_filters in (16, 32):
        features = _pooled(_convolution(n_filters)(features))
    features = keras.layers.Flatten()(features)
    features = keras.layers.Dense(128, activation="relu", kernel_initializer="he_normal")(features)
    logits = keras.layers.Dense(n_classes)(features)
    return keras.Model(image, _probabilities(logits), name="lenet")


def build_sample_network(height: int, width: int, n_classes: int) -> keras.Model:
    """Return the untrained network of Microsoft's Keras sample for Azure ML, for comparison.

    For 28 x 28 pixels and ten classes it has 241,546 parameters. Unlike the sample's it takes raw pixels.

    Args:
        height: Rows of an image, at least 18.
        width: Columns of an image, at least 18.
        n_classes: Number of classes, at least 1.

    Returns:
        A model with the same input and output as that of `build_network`.

    Raises:
        SettingError: the images are too small.
    """
    if min(height, width) < SMALLEST_FOR_SAMPLE:
        raise SettingError(
            f"network is sample, which needs images of at least {SMALLEST_FOR_SAMPLE} x {SMALLEST_FOR_SAMPLE} pixels, "
            f"but these have {height} x {width}; name another network."
        )
    layers = keras.layers
    image, features = _scaled_image(height, width)
    for layer in (
        layers.Conv2D(32, 3, activation="relu", kernel_initializer="he_normal"),
        layers.MaxPooling2D(2),
        layers.Dropout(0.25),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Dropout(0.25),
        layers.Conv2D(128, 3, activation="relu"),
        layers.Dropout(0.4),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.3),
        layers.Dense(n_classes),
    ):
        features = layer(features)
    return keras.Model(image, _probabilities(features), name="sample_network")


def for_use(trained: keras.Model, mirrored: bool) -> keras.Model:
    """Return the same classifier, built of Keras's own layers in float32.

    Args:
        trained: A network that one of the functions above returned, in any precision.
        mirrored: Whether to average the probabilities of an image and of its mirror image (left to right). It doubles
            the cost and suits a network that was trained on both.
    """
    without_optimizer = keras.Model(trained.input, trained.output, name=trained.name)
    network = keras.models.clone_model(without_optimizer, clone_function=_plain_layer)
    network.set_weights(trained.get_weights())
    if not mirrored:
        return network
    image = keras.Input(network.input_shape[1:], name="image")
    both = [network(image), network(keras.ops.flip(image, axis=2))]
    return keras.Model(image, keras.layers.Average(dtype="float32", name="probabilities")(both), name="mirrored")


class FusedBatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]  # keras comes without types
    """Keras's batch normalization, but a training step is one TensorFlow operation instead of a dozen.

    On a CPU this makes a whole training step of our networks 1.3 to 2 times as fast. It normalizes over the last axis
    of (batch, height, width, channels). The moving variance is the unbiased one, because the operation returns that.
    """

    def call(self, inputs: tf.Tensor, training: bool | None = None, mask: tf.Tensor | None = None) -> tf.Tensor:
        """Normalize by the batch's own mean and variance while training, otherwise by the moving ones."""
        if not training:
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance, *_ = tf.compat.v1.nn.fused_batch_norm(
            inputs,
            tf.cast(self.gamma, "float32"),
            tf.cast(self.beta, "float32"),
            epsilon=self.epsilon,
            is_training=True,
        )
        for moving, observed in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + observed * (1 - self.momentum))
        return outputs


def _plain_layer(layer: keras.Layer) -> keras.Layer:
    """Return a new layer of Keras's own that computes the same, in float32."""
    config = {**layer.get_config(), "dtype": "float32"}
    if isinstance(layer, FusedBatchNormalization):
        return keras.layers.BatchNormalization.from_config(config)
    return type(layer).from_config(config)


def _scaled_image(height: int, width: int) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Return the input, raw pixels, and the same scaled to 0..1."""
    image = keras.Input((height, width, 1), name="image")
    return image, keras.layers.Rescaling(1 / 255)(image)


def _convolution(n_filters: int) -> keras.Layer:
    return keras.layers.Conv2D(n_filters, 3, padding="same", activation="relu", kernel_initializer="he_normal")


def _pooled(features: keras.KerasTensor) -> keras.KerasTensor:
    """Halve height and width, and normalize over the batch."""
    features = keras.layers.MaxPooling2D(2, padding="same")(features)
    return FusedBatchNormalization(momentum=BATCH_NORM_MOMENTUM)(features)


def _probabilities(logits: keras.KerasTensor) -> keras.KerasTensor:
    """Apply softmax in float32 under any dtype policy: bfloat16 would leave three digits of a probability."""
    return keras.layers.Softmax(dtype="float32", name="probabilities")(logits)
