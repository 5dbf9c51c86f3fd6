"""What can be set about a training, with its defaults: the one place where they stand."""

from dataclasses import dataclass

from mnist_pipeline.mnist.errors import SettingError


@dataclass(frozen=True)
class Hyperparameters:
    """What can be set about a training.

    Attributes:
        epochs: Passes over the training images, at least 1.
        batch_size: Images a step, at least 1.
        learning_rate: Peak of the learning rate's schedule, above 0.
        validation_split: Share of the images held out to validate, 0 up to but not including 1.
        seed: of the split, the initial weights and the order of the images.

    Raises:
        SettingError: a value is out of its range.
    """

    epochs: int = 10
    batch_size: int = 128
    learning_rate: float = 0.2
    validation_split: float = 0.1
    seed: int = 42

    def __post_init__(self) -> None:
        for name, holds, range_ in (
            ("epochs", self.epochs >= 1, "at least 1"),
            ("batch_size", self.batch_size >= 1, "at least 1"),
            ("learning_rate", 0 < self.learning_rate < float("inf"), "above 0"),
            ("validation_split", 0 <= self.validation_split < 1, "from 0 up to, but not including, 1"),
            ("seed", 0 <= self.seed < 2**32, "from 0 to 4294967295"),
        ):
            if not holds:
                raise SettingError(f"{name} is {getattr(self, name)}; it must be {range_}.")
