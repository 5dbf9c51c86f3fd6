"""What a model was trained on: the size of its images, and its classes."""

import json
from dataclasses import dataclass
from pathlib import Path

import yaml

from mnist_pipeline.errors import ModelError
from mnist_pipeline.mnist.model.model_folder import CLASS_NAMES

_NAMES_SHOWN = 4


@dataclass(frozen=True)
class TrainedOn:
    """What kind of images a model takes, and which classes it knows.

    Attributes:
        image_size: Height and width in pixels.
        n_classes: Number of classes.
        class_names: A name for each class; empty if the training data have no names.
    """

    image_size: tuple[int, int]
    n_classes: int
    class_names: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the words that follow "was trained on"."""
        height, width = self.image_size
        return f"images of {height} x {width} pixels in {in_classes(self.n_classes, self.class_names)}"


def in_classes(n_classes: int, class_names: tuple[str, ...]) -> str:
    """Return a number of classes in words, with the first of their names, if they have names."""
    names = f" ({', '.join(class_names[:_NAMES_SHOWN])}{', ...' if len(class_names) > _NAMES_SHOWN else ''})"
    return f"{n_classes} class{'es' if n_classes != 1 else ''}{names if class_names else ''}"


def read_trained_on(description: Path) -> TrainedOn | None:
    """Read it from the signature and the metadata of an `MLmodel` file.

    Returns:
        What the model was trained on; None if the signature is not that of an image classifier, or is missing.

    Raises:
        ModelError: the file is not a description of an MLflow model.
    """
    try:
        content = yaml.safe_load(description.read_bytes())
        metadata, signature = content.get("metadata") or {}, content.get("signature") or {}
        names = tuple(map(str, metadata.get(CLASS_NAMES) or ()))
    except (yaml.YAMLError, AttributeError, TypeError, ValueError) as error:
        raise ModelError(f"{description}: not a description of an MLflow model; train the model again.") from error
    takes, gives = (_shape(signature.get(side)) for side in ("inputs", "outputs"))
    if len(takes) not in (3, 4) or len(gives) != 2:  # (n, height, width), earlier also (n, height, width, 1)
        return None
    return TrainedOn((takes[1], takes[2]), gives[1], names)


def _shape(schema: str | None) -> list[int]:
    """Return the shape of the only tensor of a schema, with -1 for any size; an empty list for any other schema."""
    try:
        (tensor,) = json.loads(schema or "[]")
        return [int(size) for size in tensor["tensor-spec"]["shape"]]
    except (ValueError, KeyError, TypeError):
        return []
