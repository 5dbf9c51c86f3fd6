"""PNG and JPEG images as gray values."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mnist_pipeline.errors import ImageError

if TYPE_CHECKING:
    from PIL import Image

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg"})


@dataclass
class ColorNote:
    """Says, at the first image that has colors, that they are turned to gray; once for all images.

    Attributes:
        say: Called with the sentence.
        said: Whether it was called.
    """

    say: Callable[[str], object]
    said: bool = False

    def look_at(self, image: "Image.Image", path: Path) -> None:
        """Look at an image; what it is stored as does not matter, but whether any pixel is not gray."""
        if self.said or image.mode in ("1", "L", "LA", "I", "F") or image.mode.startswith("I;16"):
            return
        channels = np.asarray(image.convert("RGB"))
        if (channels != channels[..., :1]).any():
            self.said = True
            self.say(f"{path} is a color image; the colors of all images are turned to gray.")


def read_grayscale(
    path: Path, size: tuple[int, int] | None = None, *, invert: bool = False, color_note: ColorNote | None = None
) -> npt.NDArray[np.uint8]:
    """Return an image's gray values (ITU-R 601-2 luma), uint8 of shape (height, width).

    A photo is turned the way its camera was held, which its EXIF data tell.

    Args:
        path: A PNG or JPEG file.
        size: Height and width to resize the image to; None keeps its size.
        invert: Invert the image: for a dark object on white, if the training images show light objects on black.
        color_note: Looks at the image before its colors are lost.

    Raises:
        ImageError: the file is missing, or is not an image.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(path) as opened:
            if color_note is not None:
                color_note.look_at(opened, path)
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
