"""The settings of a training."""

from dataclasses import dataclass

from mnist_pipeline.errors import SettingError
from mnist_pipeline.settings import Settings, setting

# What the names mean is in recipes.py, augmentation.py and precision.py; this module imports neither Keras nor them.
NETWORK_NAMES = ("small", "wide", "large", "sample")
AUGMENTATION_NAMES = ("none", "shift", "flip", "flip-shift")
PRECISION_NAMES = ("auto", "float32", "bfloat16")

NO_CLASS_NAMES = "none"  # not an empty text: mldesigner refuses it as an input of a component


@dataclass(frozen=True)
class Hyperparameters(Settings):
    """The settings of a training, except for the names of the classes.

    A batch size or learning rate of 0 and the precision `auto` leave a decision to the training. What it decides is in
    effect, and that is what a run, a model and a registered version record.

    Raises:
        SettingError: a value has the wrong type or is out of its range.
    """

    epochs: int = setting(10, "Passes over the training images.", min=1)
    batch_size: int = setting(0, "Batch size; 0 uses the network's default.", min=0)
    learning_rate: float = setting(0.0, "Peak learning rate of the schedule; 0 uses the network's default.", min=0)
    validation_split: float = setting(0.1, "Fraction of the training images held out for validation.", min=0, max=0.99)
    seed: int = setting(
        42, "Random seed; the same seed gives the same model on the same machine.", min=0, max=2**32 - 1
    )
    network: str = setting(
        "small",
        "Network to train. wide is slower and more accurate than small, and large than wide; sample is the network of "
        "Microsoft's sample program, for comparison.",
        choices=NETWORK_NAMES,
    )
    augmentation: str = setting(
        "none",
        "Random changes to the training images. shift moves them by up to one pixel; flip mirrors half of them left to "
        "right (for clothes, not for digits or letters) and doubles the cost of a prediction; flip-shift does both.",
        choices=AUGMENTATION_NAMES,
    )
    precision: str = setting(
        "auto",
        "Floating-point precision of the training. auto uses bfloat16 if the CPU has instructions for it, and float32 "
        "otherwise.",
        choices=PRECISION_NAMES,
    )


@dataclass(frozen=True)
class ClassNames(Settings):
    """The names of the classes, as one text of at least 1 character.

    Raises:
        SettingError: the text is empty.
    """

    class_names: str = setting(
        NO_CLASS_NAMES,
        "Class names, separated by commas, starting with the name of label 0; none if the classes have no names.",
        min=1,
    )


def class_names_of(text: str) -> tuple[str, ...]:
    """Split a comma-separated list of class names; `none` names no class.

    Raises:
        SettingError: a name is empty, or stands there twice.
    """
    if text == NO_CLASS_NAMES:
        return ()
    names = tuple(name.strip() for name in text.split(","))
    if "" in names:
        raise SettingError(
            f"class_names is {text!r}; name {names.index('')} is empty, counted from 0; name every class."
        )
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise SettingError(f"class_names has {', '.join(twice)} more than once; give every class a name of its own.")
    return names
