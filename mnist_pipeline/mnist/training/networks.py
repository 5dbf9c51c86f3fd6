"""The networks: convolutional classifiers for gray images, built for training and for use.

For training means with a normalization layer that is fast; for use means of Keras's own layers alone, in float32, so
that a saved network can be read without this package. Both have the same weights in the same order.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mnist_pipeline.errors import SettingError

if TYPE_CHECKING:
    import keras

BATCH_NORM_MOMENTUM = 0.9  # Keras's 0.99 lags behind the weights when an epoch is only tens of batches
SMALLEST_FOR_SAMPLE = 18  # pixels; the sample's convolutions and poolings leave nothing of a smaller image


def build_network(height: int, width: int, n_classes: int, filters: Sequence[int]) -> "keras.Model":
    """Return the untrained classifier: 3x3 convolutions, halved between, the mean over the image, one dense layer.

    A convolution is rectified, pooled, and only then normalized over the batch (Ioffe and Szegedy 2015): of a quarter
    of the numbers, which costs a quarter. Nothing is flattened, so the number of parameters does not depend on the
    image's size, and padding "same" leaves at least one pixel of any image.

    Args:
        height: Rows of an image, at least 1.
        width: Columns of an image, at least 1.
        n_classes: How many classes, at least 1.
        filters: Of each convolution, at least one.

    Returns:
        A model from (batch, height, width, 1) raw pixels, 0 to 255 in any numeric dtype, to (batch, n_classes) float32
        probabilities that sum to 1.
    """
    import keras

    image, features = _scaled_image(height, width)
    for stage, n_filters in enumerate(filters):
        if stage > 0:
            features = _pooled(features)
        features = _convolution(n_filters)(features)
    features = keras.layers.GlobalAveragePooling2D()(features)
    logits = keras.layers.Dense(n_classes)(features)
    return keras.Model(image, _probabilities(logits), name="mnist_network")


def build_lenet(height: int, width: int, n_classes: int) -> "keras.Model":
    """Return an untrained LeNet (LeCun et al. 1998) of today's parts: two convolutions, each pooled, and dense layers.

    Convolutions of 16 and 32 filters as in `build_network`, then a dense layer of 128 rectified units that sees where
    in the image something is. It learns what a deeper network learns in few epochs, at less cost. Of its 207,114
    parameters for 28 x 28 pixels and ten classes 200,832 are that layer's; they grow with the image.

    Args:
        height: Rows of an image, at least 1.
        width: Columns of an image, at least 1.
        n_classes: How many classes, at least 1.

    Returns:
        A model of the same input and output as `build_network` returns.
    """
    import keras

    image, features = _scaled_image(height, width)
    for n_filters in (16, 32):
        features = _pooled(_convolution(n_filters)(features))
    features = keras.layers.Flatten()(features)
    features = keras.layers.Dense(128, activation="relu", kernel_initializer="he_normal")(features)
    logits = keras.layers.Dense(n_classes)(features)
    return keras.Model(image, _probabilities(logits), name="lenet")


def build_sample_network(height: int, width: int, n_classes: int) -> "keras.Model":
    """Return the untrained network of Microsoft's Keras sample for Azure ML, for comparison.

    For 28 x 28 pixels and ten classes it has 241,546 parameters. It differs from the sample in taking raw pixels.

    Args:
        height: Rows of an image, at least 18.
        width: Columns of an image, at least 18.
        n_classes: How many classes, at least 1.

    Returns:
        A model of the same input and output as `build_network` returns.

    Raises:
        SettingError: the images are too small.
    """
    if min(height, width) < SMALLEST_FOR_SAMPLE:
        raise SettingError(
            f"network is sample, which needs images of at least {SMALLEST_FOR_SAMPLE} x {SMALLEST_FOR_SAMPLE} pixels, "
            f"but these have {height} x {width}; name another network."
        )
    import keras

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


def for_use(trained: "keras.Model", mirrored: bool) -> "keras.Model":
    """Return the same classifier of Keras's own layers alone, in float32.

    Args:
        trained: As one of the functions above returned it, whatever its precision.
        mirrored: Whether to average the probabilities of an image and of its mirror image (left to right), which
            doubles the cost; for a network that was trained on both.
    """
    import keras

    from mnist_pipeline.mnist.training.fused_normalization import FusedBatchNormalization

    def plain(layer: "keras.Layer") -> "keras.Layer":
        config = {**layer.get_config(), "dtype": "float32"}
        if isinstance(layer, FusedBatchNormalization):
            return keras.layers.BatchNormalization.from_config(config)
        return type(layer).from_config(config)

    without_optimizer = keras.Model(trained.input, trained.output, name=trained.name)
    network = keras.models.clone_model(without_optimizer, clone_function=plain)
    network.set_weights(trained.get_weights())
    if not mirrored:
        return network
    image = keras.Input(network.input_shape[1:], name="image")
    both = [network(image), network(keras.ops.flip(image, axis=2))]
    return keras.Model(image, keras.layers.Average(dtype="float32", name="probabilities")(both), name="mirrored")


def _scaled_image(height: int, width: int) -> "tuple[keras.KerasTensor, keras.KerasTensor]":
    """The input, raw pixels, and the same from 0 to 1."""
    import keras

    image = keras.Input((height, width, 1), name="image")
    return image, keras.layers.Rescaling(1 / 255)(image)


def _convolution(n_filters: int) -> "keras.Layer":
    import keras

    return keras.layers.Conv2D(n_filters, 3, padding="same", activation="relu", kernel_initializer="he_normal")


def _pooled(features: "keras.KerasTensor") -> "keras.KerasTensor":
    """Halve height and width, and normalize over the batch."""
    import keras

    from mnist_pipeline.mnist.training.fused_normalization import FusedBatchNormalization

    features = keras.layers.MaxPooling2D(2, padding="same")(features)
    return FusedBatchNormalization(momentum=BATCH_NORM_MOMENTUM)(features)


def _probabilities(logits: "keras.KerasTensor") -> "keras.KerasTensor":
    """Softmax, float32 whatever the dtype policy: bfloat16 would leave three digits of a probability."""
    import keras

    return keras.layers.Softmax(dtype="float32", name="probabilities")(logits)
