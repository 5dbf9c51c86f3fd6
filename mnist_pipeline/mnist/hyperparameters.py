"""What can be set about a training, with its defaults: the one place where they stand."""

from dataclasses import dataclass

from mnist_pipeline.mnist.augmentation import AUGMENTATIONS
from mnist_pipeline.mnist.errors import SettingError
from mnist_pipeline.mnist.precision import PRECISIONS
from mnist_pipeline.mnist.recipes import RECIPES


@dataclass(frozen=True)
class Hyperparameters:
    """What can be set about a training.

    Attributes:
        epochs: Passes over the training images, at least 1.
        batch_size: Images a step, at least 1; 0 takes the network's own.
        learning_rate: Peak of the learning rate's schedule, above 0; 0 takes the network's own.
        validation_split: Share of the images held out to validate, 0 up to but not including 1.
        seed: of the split, the initial weights, the order of the images and their augmentation.
        network: A name in `RECIPES`: `small`, `wide`, `large`, or `sample`, network and schedule of Microsoft's sample.
        augmentation: `none`; `shift` moves training images by up to a pixel; `flip` mirrors half of them left to right,
            which suits clothes but neither digits nor letters, and averages over the mirror image in use, which
            doubles the cost of a prediction; `flip-shift` does both.
        precision: `float32`, `bfloat16`, or `auto`: bfloat16 on a CPU with instructions for it, otherwise float32.

    Raises:
        SettingError: a value is out of its range.
    """

    epochs: int = 10
    batch_size: int = 0
    learning_rate: float = 0.0
    validation_split: float = 0.1
    seed: int = 42
    network: str = "small"
    augmentation: str = "none"
    precision: str = "auto"

    def __post_init__(self) -> None:
        for name, holds, range_ in (
            ("epochs", self.epochs >= 1, "at least 1"),
            ("batch_size", self.batch_size >= 0, "at least 1, or 0 for the network's own"),
            ("learning_rate", 0 <= self.learning_rate < float("inf"), "above 0, or 0 for the network's own"),
            ("validation_split", 0 <= self.validation_split < 1, "from 0 up to, but not including, 1"),
            ("seed", 0 <= self.seed < 2**32, "from 0 to 4294967295"),
            ("network", self.network in RECIPES, "one of " + ", ".join(RECIPES)),
            ("augmentation", self.augmentation in AUGMENTATIONS, "one of " + ", ".join(AUGMENTATIONS)),
            ("precision", self.precision in PRECISIONS, "one of " + ", ".join(PRECISIONS)),
        ):
            if not holds:
                raise SettingError(f"{name} is {getattr(self, name)}; it must be {range_}.")
