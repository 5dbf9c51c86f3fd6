"""Register a model if it is good enough, from the command line."""

import argparse

from mnist_pipeline.components.script_options import add_options
from mnist_pipeline.mnist.registry.model_name import ModelName
from mnist_pipeline.mnist.registry.promotion import Policy
from mnist_pipeline.mnist.registry.register import register
from mnist_pipeline.settings import read_settings


def main() -> None:
    """Read the arguments and register."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="the model folder that training wrote")
    parser.add_argument("--accuracy", required=True, help="the folder that evaluation wrote, or accuracy.txt")
    parser.add_argument("--test-data", help="the data that the model was evaluated on, to score a champion again")
    add_options(parser, ModelName, Policy)
    arguments = parser.parse_args()
    name = read_settings(ModelName, vars(arguments)).model_name
    policy = read_settings(Policy, vars(arguments))
    register(arguments.model, arguments.accuracy, None, name, policy, arguments.test_data)


if __name__ == "__main__":
    main()
