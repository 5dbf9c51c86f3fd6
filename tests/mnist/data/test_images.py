import numpy as np
import pytest
from PIL import ExifTags, Image

from mnist_pipeline.errors import ImageError
from mnist_pipeline.mnist.data.images import ColorNote, read_grayscale


@pytest.fixture
def gradient(tmp_path):
    """A PNG of 2 x 3 pixels with the gray values 0, 10, ... 50."""
    path = tmp_path / "gradient.png"
    Image.fromarray(np.arange(0, 60, 10, dtype=np.uint8).reshape(2, 3)).save(path)
    return path


def test_gray_values_are_read_as_they_are(gradient):
    image = read_grayscale(gradient)

    assert image.tolist() == [[0, 10, 20], [30, 40, 50]]
    assert image.dtype == np.uint8


def test_dark_may_be_turned_into_light(gradient):
    assert read_grayscale(gradient, invert=True).tolist() == [[255, 245, 235], [225, 215, 205]]


def test_an_image_is_resized_to_height_and_width(gradient):
    assert read_grayscale(gradient, (4, 9)).shape == (4, 9)
    assert read_grayscale(gradient, (2, 3)).tolist() == read_grayscale(gradient).tolist()


@pytest.mark.parametrize(
    ("mode", "color", "gray"),
    [("RGB", (255, 0, 0), 76), ("RGBA", (0, 255, 0, 255), 150), ("1", 1, 255)],
)
def test_colors_become_their_brightness(tmp_path, mode, color, gray):
    Image.new(mode, (2, 2), color).save(tmp_path / "color.png")

    assert np.unique(read_grayscale(tmp_path / "color.png")).tolist() == [gray]


@pytest.mark.parametrize("name", ["photo.jpg", "photo.png"])
@pytest.mark.parametrize(
    ("orientation", "stored"),
    [
        (1, [[0, 100, 200], [255, 255, 255]]),
        (3, [[255, 255, 255], [200, 100, 0]]),
        (6, [[200, 255], [100, 255], [0, 255]]),
        (8, [[255, 0], [255, 100], [255, 200]]),
    ],
)
def test_a_photo_is_read_as_the_camera_was_held(tmp_path, name, orientation, stored):
    shown = np.array([[0, 100, 200], [255, 255, 255]])
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    blocks = np.kron(np.array(stored, np.uint8), np.ones((16, 16), np.uint8))  # JPEG blurs single pixels
    Image.fromarray(blocks).save(tmp_path / name, exif=exif)

    image = read_grayscale(tmp_path / name)

    assert image.shape == (32, 48)
    assert np.allclose(image[8::16, 8::16], shown, atol=3)


@pytest.mark.parametrize("damaged", [b"Exif\0\0no TIFF", b"Exif\0\0MM\0*\0\0"], ids=["another format", "cut off"])
def test_an_image_with_damaged_exif_data_is_read_as_it_is_stored(tmp_path, damaged):
    Image.fromarray(np.array([[0, 100, 200]], np.uint8)).save(tmp_path / "photo.png", exif=damaged)

    assert read_grayscale(tmp_path / "photo.png").tolist() == [[0, 100, 200]]


def test_a_drawing_of_sixteen_bits_keeps_its_shades(tmp_path):
    Image.fromarray(np.array([[0, 32896, 65535]], np.uint16)).save(tmp_path / "deep.png")

    assert read_grayscale(tmp_path / "deep.png").tolist() == [[0, 128, 255]]


@pytest.mark.parametrize(
    "content", [b"", b"no image", b"\x89PNG\r\n\x1a\n"], ids=["empty", "text", "PNG signature only"]
)
def test_a_file_that_is_no_image_is_named(tmp_path, content):
    (tmp_path / "drawing.png").write_bytes(content)

    with pytest.raises(ImageError, match=r"drawing\.png: cannot be read as an image; give a PNG or JPEG image"):
        read_grayscale(tmp_path / "drawing.png")


def test_an_image_that_is_cut_off_is_named(tmp_path):
    path = tmp_path / "noise.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:-200])

    with pytest.raises(ImageError, match=r"noise\.png: cannot be read as an image"):
        read_grayscale(path)


def test_an_image_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(ImageError, match=r"nowhere\.png: no such file"):
        read_grayscale(tmp_path / "nowhere.png")


def save_color(path, mode="RGB"):
    """Save 3 x 3 black pixels, one of them red, and return the path."""
    image = Image.new("RGB", (3, 3))
    image.putpixel((2, 2), (200, 0, 0))
    image.convert(mode).save(path)
    return path


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_the_first_image_in_color_is_noted_and_no_other(mode, gradient, tmp_path):
    said = []
    note = ColorNote(said.append)
    first, second = save_color(tmp_path / "first.png", mode), save_color(tmp_path / "second.png", mode)

    for path in (gradient, first, second):
        read_grayscale(path, color_note=note)

    assert said == [f"{first} is a color image; the colors of all images are turned to gray."]


@pytest.mark.parametrize(
    ("mode", "color"),
    [("RGB", (7, 7, 7)), ("RGBA", (7, 7, 7, 100)), ("L", 7), ("LA", (7, 100)), ("1", 1), ("P", 7), ("I;16", 700)],
)
def test_a_gray_image_is_not_noted_whatever_it_is_stored_as(mode, color, tmp_path):
    said = []
    image = Image.new("L", (2, 2), 7).convert("P") if mode == "P" else Image.new(mode, (2, 2), color)
    image.save(tmp_path / "gray.png")

    read_grayscale(tmp_path / "gray.png", color_note=ColorNote(said.append))

    assert said == []
