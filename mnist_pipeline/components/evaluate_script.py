"""Evaluate a model on test data and write its accuracy, from the command line."""

import argparse

from mnist_pipeline.mnist.scoring.score import write_accuracy


def main() -> None:
    """Read the arguments and evaluate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--use_uri",
        action="store_true",
        help="evaluate on the data asset that Azure ML mounts at --test_data_dir, which is then required",
    )
    parser.add_argument(
        "--test_data_dir", help="folder with a CSV, with IDX files, or with one folder per label (default: ./data)"
    )
    parser.add_argument("--model_path", required=True, help="the model folder that training wrote")
    parser.add_argument(
        "--accuracy_path", required=True, help="folder for accuracy.txt, predictions, labels and metrics"
    )
    arguments = parser.parse_args()
    if arguments.use_uri and arguments.test_data_dir is None:
        parser.error("--use_uri needs --test_data_dir")
    write_accuracy(arguments.test_data_dir or "data", arguments.model_path, arguments.accuracy_path)


if __name__ == "__main__":
    main()
