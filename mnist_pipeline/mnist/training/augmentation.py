"""Changing training images at random without changing what they show."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Augmentation(NamedTuple):
    """How training images are changed.

    Attributes:
        flip: Whether to mirror every other image, left to right.
        shift: By how many pixels at most to move an image down or up, and right or left.
    """

    flip: bool
    shift: int


AUGMENTATIONS = {
    "none": Augmentation(flip=False, shift=0),
    "shift": Augmentation(flip=False, shift=1),
    "flip": Augmentation(flip=True, shift=0),
    "flip-shift": Augmentation(flip=True, shift=1),
}


def augmented(
    images: npt.NDArray[np.uint8], augmentation: Augmentation, generator: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Return the images, each changed at random.

    Args:
        images: Gray values, uint8, shape (n, height, width). They are not modified.
        augmentation: What to change. Pixels that move in from outside are black.
        generator: The source of random numbers; in the same state it gives the same images.

    Returns:
        uint8 of the same shape.
    """
    if augmentation.flip:
        chosen = generator.random(len(images)) < 0.5
        images = np.where(chosen[:, None, None], images[:, :, ::-1], images)
    if augmentation.shift:
        offsets = generator.integers(-augmentation.shift, augmentation.shift + 1, size=(len(images), 2))
        images = _shifted(images, offsets)
    return images


def _shifted(images: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """Move each image by its own (rows, columns), all images of the same offset at once."""
    height, width = images.shape[1:]
    result = np.zeros_like(images)
    for down, right in np.unique(offsets, axis=0):
        chosen = np.flatnonzero((offsets == (down, right)).all(axis=1))
        result[
            chosen[:, None, None],
            np.arange(max(0, down), height + min(0, down))[:, None],
            np.arange(max(0, right), width + min(0, right)),
        ] = images[chosen, max(0, -down) : height - max(0, down), max(0, -right) : width - max(0, right)]
    return result
