"""The accuracy on Fashion-MNIST after one hour of training on two cores, validation on 6,000 images included."""

import sys

from benchmarks.data import Settings
from benchmarks.measurement import QUIET, TURN, Comparison, Program, command_of, take_turns
from benchmarks.training import serve_fits

RECIPES = {
    "large, flip-shift, 30 epochs": {"network": "large", "epochs": 30, "augmentation": "flip-shift"},
}


def compare(settings: Settings) -> list[Comparison]:
    """Fit once per turn, with the number of the turn as the seed."""
    programs = [
        Program(name, command_of("benchmarks.hour", name, settings.data, TURN), environment=QUIET) for name in RECIPES
    ]
    return [take_turns("training within an hour", programs, settings.repeat)]


if __name__ == "__main__":
    serve_fits(RECIPES, sys.argv[2])
