"""Check that TensorFlow finds a GPU in the GPU environment."""

from .report import Report, arguments


def main() -> None:
    """Compute something on the GPU."""
    Report(arguments().report).check("gpu-found", _multiply)


def _multiply() -> str:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        raise RuntimeError(f"TensorFlow {tf.__version__} found no GPU")
    with tf.device("/GPU:0"):
        product = tf.linalg.matmul(tf.ones((256, 256)), tf.ones((256, 256)))
    return f"TensorFlow {tf.__version__} multiplied on {product.device}"


if __name__ == "__main__":
    main()
