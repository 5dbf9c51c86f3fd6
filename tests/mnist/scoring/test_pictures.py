"""What is on the pictures: errors that can be seen, names that can be read, the same bytes each time."""

import io
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from matplotlib import font_manager
from PIL import Image

from mnist_pipeline.mnist.scoring.drawn_names import DrawnNames, columns_of, drawn_names
from mnist_pipeline.mnist.scoring.pictures import draw_confusion_matrix, draw_mistakes

CLASSES = [1, 2, 10, 26, 47, 100, 256]


def names_of(n, length=1):
    return DrawnNames(tuple(f"{label}".rjust(length, "x") for label in range(n)))


def counts_of(n, correct=990):
    """Each class has one error of 1 and one of 9 images; the diagonal dwarfs both."""
    counts = np.eye(n, dtype=np.int64) * correct
    for label in range(n if n > 2 else 0):
        counts[label, (label + 1) % n] += 1
        counts[label, (label + 2) % n] += 9
    return counts


def pixels(figure, **options):
    """Draw a figure; return its pixels, uint8 of shape (height, width, 3)."""
    content = io.BytesIO()
    figure.savefig(content, format="png", **options)
    with Image.open(content) as opened:
        return np.asarray(opened.convert("RGB"))


def color_at(figure, image, row, column):
    """Return the color in the upper left part of a cell, where no number is."""
    x, y = figure.axes[0].transData.transform((column - 0.38, row - 0.38))
    return image[len(image) - 1 - round(y), round(x)].astype(int)


def brightness(color):
    return float(color @ [0.299, 0.587, 0.114])


@pytest.mark.parametrize("n", [3, 10, 26])
def test_errors_are_seen_by_their_brightness_beside_a_diagonal_that_dwarfs_them(n):
    figure = draw_confusion_matrix(counts_of(n), names_of(n))
    image = pixels(figure)

    none = brightness(color_at(figure, image, 0, n - 1)) if n > 3 else 255
    few, many = (brightness(color_at(figure, image, 0, column)) for column in (1, 2))
    diagonal = color_at(figure, image, 0, 0)
    assert none == 255
    assert none - few > 25, "a single error looks like none"
    assert few - many > 100, "a large error looks like a small one"
    assert np.ptp(diagonal) == 0, "the diagonal is gray, unlike the errors"
    assert brightness(diagonal) > 200


@pytest.mark.parametrize("n", CLASSES)
@pytest.mark.parametrize("length", [1, 60])
def test_names_do_not_overlap_nor_leave_the_picture_nor_displace_the_matrix(n, length):
    figure = draw_confusion_matrix(counts_of(n), names_of(n, length))

    image = pixels(figure, bbox_inches="tight")
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    assert (border == 255).all(), "something touches the border"
    axes = figure.axes[0]
    ticks = [tick.get_window_extent() for tick in axes.get_yticklabels()]
    assert all(below.y1 <= above.y0 + 1 for above, below in pairwise(ticks))
    assert axes.get_ylabel().startswith("true class")
    assert axes.get_xlabel().startswith("predicted class")
    assert 300 < axes.get_window_extent().width < 1800
    assert max(image.shape) < 2500


@pytest.mark.parametrize(("n", "shown"), [(10, True), (26, True), (30, True), (31, False)])
def test_cells_have_numbers_up_to_30_classes(n, shown):
    figure = draw_confusion_matrix(counts_of(n), names_of(n))

    assert ("990" in [text.get_text() for text in figure.axes[0].texts]) is shown


@pytest.mark.parametrize("correct", [0, 990])
def test_a_matrix_without_errors_is_drawn(correct):
    figure = draw_confusion_matrix(np.eye(2, dtype=np.int64) * correct, names_of(2))

    assert pixels(figure).std() > 10
    assert len(figure.axes) == 1, "a scale of no errors"


def test_a_dollar_sign_in_a_name_starts_no_formula():
    names = drawn_names(["$5 ^", "$10 \\frac{"])

    assert names.texts == ("$5 ^", "$10 \\frac{")
    assert pixels(draw_confusion_matrix(counts_of(2), names)).std() > 10
    mistakes = draw_mistakes(np.zeros((1, 2, 2), np.uint8), np.zeros(1, np.uint8), np.float32([[0.1, 0.9]]), names)
    assert pixels(mistakes).std() > 1


def test_names_that_no_font_can_draw_are_labels_and_one_line_says_so(monkeypatch):
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [])

    names = drawn_names(["bag", "靴", "Größe", "鞄"])

    assert names.texts == ("bag", "label 1", "Größe", "label 3")
    assert names.warning.startswith(
        "the pictures show labels instead of 2 class names (靴, ...): no font on this machine"
    )
    assert "\n" not in names.warning
    assert pixels(draw_confusion_matrix(counts_of(4), names)).std() > 10  # Matplotlib's warning would fail this test


def test_a_font_that_is_installed_is_found_for_the_names_that_need_it(monkeypatch):
    mathematical = font_manager.findfont("STIXSizeOneSym", fallback_to_default=False)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [__file__, mathematical])
    only_there = sorted(
        set(font_manager.get_font(mathematical).get_charmap())
        - set(font_manager.get_font(font_manager.findfont("DejaVu Sans")).get_charmap())
    )[0]

    names = drawn_names(["bag", f"{chr(only_there)}!"])

    assert names.texts == ("bag", f"{chr(only_there)}!")
    assert names.families[0] == "DejaVu Sans"
    assert len(names.families) == 2
    assert names.warning is None
    assert pixels(draw_confusion_matrix(counts_of(2), names)).std() > 10


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("boot", "boot"),
        ("a defect on the left", "a defect…left"),
        ("靴靴靴靴靴靴靴靴靴靴", "靴靴靴靴…靴靴"),
    ],
)
def test_a_long_name_keeps_its_start_and_its_end(name, short):
    shortened = DrawnNames((name,)).shortened(0, 14)

    assert shortened == short
    assert columns_of(shortened) <= 14


DRAW = """
import sys, numpy as np
from mnist_pipeline.mnist.scoring.drawn_names import drawn_names
from mnist_pipeline.mnist.scoring.pictures import draw_confusion_matrix, draw_mistakes
from mnist_pipeline.mnist.training.learning_curves import learning_curves
names = drawn_names(["bag", "coat"])
images, labels = np.arange(8, dtype=np.uint8).reshape(2, 2, 2), np.zeros(2, np.uint8)
draw_confusion_matrix(np.array([[9, 1], [2, 8]]), names).savefig(sys.argv[1] + "1.png")
draw_mistakes(images, labels, np.float32([[0.1, 0.9], [0.2, 0.8]]), names).savefig(sys.argv[1] + "2.png")
learning_curves({"loss": [2, 1], "accuracy": [0.5, 0.7]}).savefig(sys.argv[1] + "3.png")
"""


def test_the_same_results_give_the_same_bytes_in_another_process(tmp_path):
    for name in ("first", "second"):
        subprocess.run([sys.executable, "-c", DRAW, tmp_path / name], check=True)

    for number in "123":
        assert (tmp_path / f"first{number}.png").read_bytes() == (tmp_path / f"second{number}.png").read_bytes()
