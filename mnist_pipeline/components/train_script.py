"""Train a Keras network, from the command line."""

import argparse

from mnist_pipeline.components.script_options import add_options
from mnist_pipeline.mnist.data.dataset import read_dataset
from mnist_pipeline.mnist.training.hyperparameters import Hyperparameters
from mnist_pipeline.settings import read_settings


def main() -> None:
    """Read the arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--use-uri",
        action="store_true",
        help="train on the data asset that Azure ML mounts at --data-path, which is then required",
    )
    parser.add_argument(
        "--data-path", help="folder with a CSV, with IDX files, or with one folder per label (default: ./data)"
    )
    parser.add_argument("--model-path", required=True, help="folder for the MLflow model")
    add_options(parser, Hyperparameters)
    arguments = parser.parse_args()
    if arguments.use_uri and arguments.data_path is None:
        parser.error("--use-uri needs --data-path")
    settings = read_settings(Hyperparameters, vars(arguments))

    from mnist_pipeline.mnist.training.fit import train  # here, because it imports TensorFlow

    data = arguments.data_path or "data"
    train(read_dataset(data, "train"), arguments.model_path, settings, data)


if __name__ == "__main__":
    main()
