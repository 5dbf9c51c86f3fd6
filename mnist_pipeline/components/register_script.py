"""Register a model if it is good enough, from the command line."""

import argparse

from mnist_pipeline.mnist.registry.client import MODEL_NAME
from mnist_pipeline.mnist.registry.promotion import Policy
from mnist_pipeline.mnist.registry.register import register
from mnist_pipeline.settings import ranges_of, read_settings

_HELP = {
    "min_accuracy": "lowest accuracy",
    "accuracy_confidence": "confidence at which the accuracy's lower bound must reach it, 0 for off",
    "min_class_recall": "lowest recall of every class, 0 for off",
    "max_loss": "highest cross-entropy in nats, 0 for off",
    "min_images": "lowest number of test images, 0 for off",
    "champion": "how the model must compare with the champion",
    "champion_margin": "how far the accuracy may be below the champion's under not_worse",
    "mcnemar_level": "level of an exact McNemar test against the champion, 0 for off",
}


def main() -> None:
    """Read the arguments and register."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="the model folder that training wrote")
    parser.add_argument("--accuracy", required=True, help="the folder that evaluation wrote, or accuracy.txt")
    parser.add_argument("--test-data", help="what was evaluated on, to score a champion again")
    parser.add_argument("--model-name", default=MODEL_NAME, help="name in the model registry")
    for name, range_ in ranges_of(Policy).items():
        option, default = f"--{name.replace('_', '-')}", getattr(Policy, name)
        parser.add_argument(option, default=str(default), help=f"{_HELP[name]}: {range_} (default: {default})")
    arguments = vars(parser.parse_args())
    model, accuracy, test_data = (arguments.pop(name) for name in ("model", "accuracy", "test_data"))
    register(model, accuracy, None, arguments.pop("model_name"), read_settings(Policy, arguments), test_data)


if __name__ == "__main__":
    main()
