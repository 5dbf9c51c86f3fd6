"""What a person names on a command line: image files, folders and patterns."""

import pytest
from PIL import Image

from mnist_pipeline.errors import ImageError
from mnist_pipeline.mnist.data.image_files import find_image_files


@pytest.fixture
def photos(tmp_path):
    """Images in a folder and in the folders below it, among other and hidden files."""
    folder = tmp_path / "photos"
    for name in ("b.png", "a.JPG", "c.jpeg", "deeper/d.png", "deeper/e.png", ".hidden.png", ".hidden/f.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (2, 2)).save(folder / name)
    (folder / "notes.txt").write_text("no image")
    return folder


def names(arguments, folder):
    return [path.relative_to(folder).as_posix() for path in find_image_files(arguments)]


def test_a_folder_is_its_images_and_those_of_the_folders_in_it_in_the_order_of_their_names(photos):
    assert names([str(photos)], photos) == ["a.JPG", "b.png", "c.jpeg", "deeper/d.png", "deeper/e.png"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.png", ["b.png"]),
        ("?.*", ["a.JPG", "b.png", "c.jpeg"]),
        ("*", ["a.JPG", "b.png", "c.jpeg", "deeper/d.png", "deeper/e.png"]),
        ("**/[de].png", ["deeper/d.png", "deeper/e.png"]),
        ("deep*", ["deeper/d.png", "deeper/e.png"]),
        ("**/deep*", ["deeper/d.png", "deeper/e.png"]),
        ("**", ["a.JPG", "b.png", "c.jpeg", "deeper/d.png", "deeper/e.png"]),
    ],
)
def test_a_pattern_is_the_images_and_the_folders_that_match(photos, pattern, found):
    assert names([f"{photos}/{pattern}"], photos) == found


def test_files_come_in_the_order_in_which_they_are_named_whatever_their_suffix(photos):
    Image.new("L", (2, 2)).save(photos / "drawing", format="PNG")

    assert names([f"{photos}/drawing", f"{photos}/deeper", f"{photos}/a.JPG"], photos) == [
        "drawing",
        "deeper/d.png",
        "deeper/e.png",
        "a.JPG",
    ]


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(photos):
    Image.new("L", (2, 2)).save(photos / "boot[1].png")

    assert names([f"{photos}/boot[1].png"], photos) == ["boot[1].png"]


def test_a_folder_whose_name_looks_like_a_pattern_is_a_folder(photos):
    (photos / "deeper").rename(photos / "[shoes]")

    assert names([f"{photos}/[shoes]"], photos) == ["[shoes]/d.png", "[shoes]/e.png"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("x.png", "x.png: no such file or folder; give a PNG or JPEG image, a folder of images, or a pattern"),
        ("*.gif", r"\*.gif: matches no PNG or JPEG image; give a PNG or JPEG image, a folder of images, or a pattern"),
        ("empty", "empty: no PNG or JPEG image in it; give a PNG or JPEG image, a folder of images, or a pattern"),
    ],
)
def test_a_name_that_stands_for_no_image_is_refused_before_the_first_image_is_taken(photos, name, sentence):
    (photos / "empty").mkdir()

    with pytest.raises(ImageError, match=sentence):
        find_image_files([str(photos), f"{photos}/{name}"])
