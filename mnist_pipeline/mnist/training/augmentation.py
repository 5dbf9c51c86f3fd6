"""Changing training images at random in ways that do not change what they show."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Augmentation(NamedTuple):
    """Whether images are mirrored left to right, and by how many pixels at most they are moved."""

    flip: bool
    reach: int


AUGMENTATIONS = {
    "none": Augmentation(flip=False, reach=0),
    "shift": Augmentation(flip=False, reach=1),
    "flip": Augmentation(flip=True, reach=0),
    "flip-shift": Augmentation(flip=True, reach=1),
}


def augmented(
    images: "npt.NDArray[np.uint8]", augmentation: str, generator: "np.random.Generator"
) -> "npt.NDArray[np.uint8]":
    """Return the images, each changed at random.

    `shift` moves an image by at most one pixel down or up and right or left, with black where nothing comes from;
    `flip` mirrors every other image, left to right; `flip-shift` does both; `none` changes nothing.

    Args:
        images: Gray values, uint8, shape (n, height, width); stay as they are.
        augmentation: A name in `AUGMENTATIONS`.
        generator: Where the chance comes from; in the same state it gives the same images.

    Returns:
        uint8 of the same shape.
    """
    import numpy as np  # here, because the command's help knows the names above

    flip, reach = AUGMENTATIONS[augmentation]
    result = images
    if flip:
        chosen = generator.random(len(images)) < 0.5
        result = np.where(chosen[:, None, None], result[:, :, ::-1], result)
    if reach:
        offsets = generator.integers(-reach, reach + 1, size=(len(images), 2))
        result = _shifted(result, offsets)
    return result


def _shifted(images: "npt.NDArray[np.uint8]", offsets: "npt.NDArray[np.int64]") -> "npt.NDArray[np.uint8]":
    """Move each image by its own (rows, columns); one move at a time, for all the images that make it."""
    import numpy as np

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
