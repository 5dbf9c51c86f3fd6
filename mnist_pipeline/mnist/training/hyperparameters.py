"""What can be set about a training, with its defaults: the one place where they stand."""

from dataclasses import dataclass

from mnist_pipeline.settings import check_settings, setting

# What the names mean is in recipes.py, augmentation.py and precision.py; this module imports neither Keras nor them.
NETWORK_NAMES = ("small", "wide", "large", "sample")
AUGMENTATION_NAMES = ("none", "shift", "flip", "flip-shift")
PRECISION_NAMES = ("auto", "float32", "bfloat16")

NO_CLASS_NAMES = "none"  # an input of a component cannot be an empty text: mldesigner refuses it


@dataclass(frozen=True)
class Hyperparameters:
    """What can be set about a training.

    Attributes:
        epochs: Passes over the training images, at least 1.
        batch_size: Images per step, at least 1; 0 takes the network's own.
        learning_rate: Peak of the learning rate's schedule, above 0; 0 takes the network's own.
        validation_split: Share of the images held out to validate, 0 to 0.99.
        seed: of the split, the initial weights, the order of the images and their augmentation.
        network: A name in `RECIPES`: `small`, `wide`, `large`, or `sample`, network and schedule of Microsoft's sample.
        augmentation: `none`; `shift` moves training images by up to a pixel; `flip` mirrors half of them left to right,
            which suits clothes but neither digits nor letters, and averages over the mirror image in use, which
            doubles the cost of a prediction; `flip-shift` does both.
        precision: `float32`, `bfloat16`, or `auto`: bfloat16 on a CPU with instructions for it, otherwise float32.

    Raises:
        SettingError: a value has the wrong type or is out of its range.
    """

    epochs: int = setting(10, min=1)
    batch_size: int = setting(0, min=0)
    learning_rate: float = setting(0.0, min=0)
    validation_split: float = setting(0.1, min=0, max=0.99)
    seed: int = setting(42, min=0, max=2**32 - 1)
    network: str = setting("small", choices=NETWORK_NAMES)
    augmentation: str = setting("none", choices=AUGMENTATION_NAMES)
    precision: str = setting("auto", choices=PRECISION_NAMES)

    def __post_init__(self) -> None:
        check_settings(self)
