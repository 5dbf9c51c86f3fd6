"""Register a model if it is good enough, from the command line."""

import argparse

from mnist_pipeline.mnist.promotion import CHAMPION_RULES, Policy
from mnist_pipeline.mnist.registry import register
from mnist_pipeline.mnist.versions import MODEL_NAME


def main() -> None:
    """Read the arguments and register."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="the model folder that training wrote")
    parser.add_argument("--accuracy", required=True, help="the folder that evaluation wrote, or accuracy.txt")
    parser.add_argument("--test-data", help="what was evaluated on, to score a champion again")
    parser.add_argument("--model-name", default=MODEL_NAME, help="name in the model registry")
    parser.add_argument("--min-accuracy", type=float, default=Policy.min_accuracy, help="the least accuracy, 0 to 1")
    parser.add_argument("--accuracy-confidence", type=float, help="confidence at which its lower bound must reach that")
    parser.add_argument("--min-class-recall", type=float, help="the least recall of every class, 0 to 1")
    parser.add_argument("--max-loss", type=float, help="the greatest cross-entropy in nats")
    parser.add_argument("--min-images", type=int, help="the least number of test images")
    parser.add_argument(
        "--champion", choices=CHAMPION_RULES, default=Policy.champion, help="compared with the champion"
    )
    parser.add_argument(
        "--champion-margin", type=float, default=Policy.champion_margin, help="how far below it under not_worse, 0 to 1"
    )
    parser.add_argument("--mcnemar-level", type=float, help="level of an exact McNemar test against the champion")
    arguments = vars(parser.parse_args())
    model, accuracy, test_data = (arguments.pop(name) for name in ("model", "accuracy", "test_data"))
    register(model, accuracy, None, arguments.pop("model_name"), Policy(**arguments), test_data)


if __name__ == "__main__":
    main()
