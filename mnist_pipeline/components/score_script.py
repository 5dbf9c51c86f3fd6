"""Score a model on a label-first CSV, from the command line; the script behind score.yaml."""

import argparse

from mnist_pipeline.mnist.scoring.score import score


def main() -> None:
    """Read the arguments and score."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input_data", required=True, help="a CSV, or a folder with exactly one")
    parser.add_argument("--input_model", required=True, help="the model folder that training wrote")
    parser.add_argument("--output_result", required=True, help="folder for predictions, metrics and pictures")
    arguments = parser.parse_args()
    score(arguments.input_data, arguments.input_model, arguments.output_result)


if __name__ == "__main__":
    main()
