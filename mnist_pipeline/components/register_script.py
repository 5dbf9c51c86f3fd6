"""Register a model if its accuracy suffices, from the command line."""

import argparse

from mnist_pipeline.mnist.registry import MIN_ACCURACY, MODEL_NAME, register


def main() -> None:
    """Read the arguments and register."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="the model folder that training wrote")
    parser.add_argument("--accuracy", required=True, help="accuracy.txt, or the folder that holds it")
    parser.add_argument("--model-name", default=MODEL_NAME, help="name in the model registry")
    parser.add_argument(
        "--min-accuracy", type=float, default=MIN_ACCURACY, help="the least accuracy to register, 0 to 1"
    )
    arguments = parser.parse_args()
    register(arguments.model, arguments.accuracy, None, arguments.model_name, arguments.min_accuracy)


if __name__ == "__main__":
    main()
