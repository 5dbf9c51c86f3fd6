"""The network: a small convolutional classifier for gray images of any size."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

STEM_FILTERS = 16
STRIDED_FILTERS = (32, 64)
HEAD_FILTERS = 96
BATCH_NORM_MOMENTUM = 0.9  # Keras's 0.99 lags behind the weights when an epoch is only tens of batches


def build_network(height: int, width: int, n_classes: int) -> "keras.Model":
    """Return the untrained classifier: four 3x3 convolutions, the mean over the image, one dense layer.

    The first convolution is halved by pooling, the next two by stride, which costs a quarter of convolving and then
    pooling. Nothing is flattened, so the number of parameters (80 thousand for ten classes) does not depend on the
    image's size, and padding "same" leaves at least one pixel of any image.

    Args:
        height: Rows of an image, at least 1.
        width: Columns of an image, at least 1.
        n_classes: How many classes, at least 1.

    Returns:
        A model from (batch, height, width, 1) raw pixels, 0 to 255 in any numeric dtype, to (batch, n_classes) float32
        probabilities that sum to 1.
    """
    import keras

    image = keras.Input((height, width, 1), name="image")
    features = keras.layers.Rescaling(1 / 255)(image)

    # No normalization here: on the largest feature map it would cost a tenth of the training time.
    features = keras.layers.Conv2D(STEM_FILTERS, 3, padding="same", activation="relu", kernel_initializer="he_normal")(
        features
    )
    features = keras.layers.MaxPooling2D(2, padding="same")(features)

    for filters in STRIDED_FILTERS:
        features = _normalized_convolution(features, filters, strides=2)
    features = _normalized_convolution(features, HEAD_FILTERS, strides=1)

    features = keras.layers.GlobalAveragePooling2D()(features)
    logits = keras.layers.Dense(n_classes)(features)
    # float32 whatever the dtype policy: bfloat16 would leave three digits of a probability.
    probabilities = keras.layers.Softmax(dtype="float32", name="probabilities")(logits)
    return keras.Model(image, probabilities, name="mnist_network")


def _normalized_convolution(features: "keras.KerasTensor", filters: int, strides: int) -> "keras.KerasTensor":
    """Convolve, normalize over the batch (Ioffe and Szegedy 2015), rectify.

    (batch, h, w, channels) becomes (batch, ceil(h / strides), ceil(w / strides), filters).
    """
    import keras

    features = keras.layers.Conv2D(
        filters,
        3,
        strides=strides,
        padding="same",
        use_bias=False,  # the normalization that follows has one
        kernel_initializer="he_normal",
    )(features)
    features = keras.layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM)(features)
    return keras.layers.ReLU()(features)
