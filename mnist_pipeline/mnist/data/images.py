"""PNG and JPEG images as gray values."""

import struct
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mnist_pipeline.errors import ImageError

if TYPE_CHECKING:
    from PIL import Image

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg"})


def read_grayscale(path: Path, size: tuple[int, int] | None = None, *, invert: bool = False) -> npt.NDArray[np.uint8]:
    """Return an image's gray values (ITU-R 601-2 luma), uint8 of shape (height, width).

    A photo is turned the way its camera was held, which its EXIF data tell.

    Args:
        path: A PNG or JPEG file.
        size: Height and width to resize the image to; None keeps its size.
        invert: Invert the image: for a dark object on white, if the training images show light objects on black.

    Raises:
        ImageError: the file is missing, or is not an image.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(path) as opened:
            image = _eight_bits(_upright(opened)).convert("L")
    except FileNotFoundError as error:
        raise ImageError(f"{path}: no such file; give a PNG or JPEG image.") from error
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise ImageError(f"{path}: cannot be read as an image; give a PNG or JPEG image.") from error
    if invert:
        image = ImageOps.invert(image)
    if size is not None and (image.height, image.width) != size:
        image = image.resize((size[1], size[0]), Image.Resampling.LANCZOS)
    return np.asarray(image, np.uint8)


def _upright(image: "Image.Image") -> "Image.Image":
    """Return the image as its camera was held; as it is stored if its EXIF data are damaged."""
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(image)
    except (SyntaxError, struct.error):  # Pillow raises these for a PNG, and ignores the damage in a JPEG
        return image


def _eight_bits(image: "Image.Image") -> "Image.Image":
    """Return the image; gray values of 16 bits are scaled to 0..255, because Pillow would clip them."""
    from PIL import Image

    if not image.mode.startswith("I;16"):
        return image
    return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
