"""IDX files from arrays, judged by the tests' own writer of the format."""

import gzip
import subprocess
import sys

import numpy as np
import pytest
from idx_data import idx_bytes, patterned

import mnist_pipeline
from mnist_pipeline.errors import DataError, OutputError
from mnist_pipeline.mnist.data.idx_arrays import write_idx
from mnist_pipeline.mnist.data.named_data import fetch_data

IMAGES, LABELS = patterned(7, 3, 5, 2)


def contents_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(("split", "prefix"), [("train", "train"), ("test", "t10k")])
def test_the_files_have_the_standard_names_and_the_format_s_bytes(split, prefix, tmp_path):
    write_idx(tmp_path / "new", split, IMAGES, LABELS)

    assert contents_of(tmp_path / "new") == {
        f"{prefix}-images-idx3-ubyte": idx_bytes(IMAGES),
        f"{prefix}-labels-idx1-ubyte": idx_bytes(LABELS),
    }


def test_compressed_files_hold_the_same_and_are_the_same_whenever_they_are_written(tmp_path, monkeypatch):
    write_idx(tmp_path / "one", "train", IMAGES, LABELS, gz=True)
    monkeypatch.setattr("time.time", lambda: 4e9)
    write_idx(tmp_path / "other", "train", IMAGES, LABELS, gz=True)

    assert {name: gzip.decompress(content) for name, content in contents_of(tmp_path / "one").items()} == {
        "train-images-idx3-ubyte.gz": idx_bytes(IMAGES),
        "train-labels-idx1-ubyte.gz": idx_bytes(LABELS),
    }
    assert contents_of(tmp_path / "one") == contents_of(tmp_path / "other")


@pytest.mark.parametrize(
    "images",
    [
        pytest.param(IMAGES.astype(np.int64), id="another integer type"),
        pytest.param(IMAGES.astype(">i2"), id="big-endian"),
        pytest.param(np.asfortranarray(IMAGES), id="column by column"),
        pytest.param(np.repeat(IMAGES, 2, axis=2)[:, :, ::2], id="a view"),
    ],
)
def test_an_array_of_the_same_values_gives_the_same_file(images, tmp_path):
    write_idx(tmp_path, "train", images, LABELS.astype(np.int32))

    assert contents_of(tmp_path) == {
        "train-images-idx3-ubyte": idx_bytes(IMAGES),
        "train-labels-idx1-ubyte": idx_bytes(LABELS),
    }


def test_a_folder_with_both_splits_is_data_for_a_run(tmp_path):
    mnist_pipeline.write_idx(str(tmp_path), "train", IMAGES, LABELS)
    mnist_pipeline.write_idx(tmp_path, "test", IMAGES[:3], LABELS[:3], gz=True)

    assert fetch_data(str(tmp_path)).folder == tmp_path


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            {"images": np.zeros((7, 3, 5, 3), np.uint8)},
            "the images have the shape (7, 3, 5, 3); it must be (n, height, width), and no size may be 0.",
        ),
        (
            {"images": IMAGES.reshape(7, 15)},
            "the images have the shape (7, 15); it must be (n, height, width), and no size may be 0.",
        ),
        (
            {"images": IMAGES[:0], "labels": LABELS[:0]},
            "the images have the shape (0, 3, 5); it must be (n, height, width), and no size may be 0.",
        ),
        ({"labels": LABELS[:, None]}, "the labels have the shape (7, 1); it must be (n,), and no size may be 0."),
        (
            {"images": IMAGES / 255},
            "the images are of type float64; they must be whole numbers from 0 to 255, so scale them if necessary and "
            "convert them with astype('uint8').",
        ),
        (
            {"labels": np.array(list("abcabca"))},
            "the labels are of type <U1; they must be whole numbers from 0 to 255, so scale them if necessary and "
            "convert them with astype('uint8').",
        ),
        ({"labels": np.arange(7) + 250}, "the labels go from 250 to 256; they must be from 0 to 255."),
        ({"labels": np.arange(7) - 1}, "the labels go from -1 to 5; they must be from 0 to 255."),
        ({"labels": LABELS[:6]}, "there are 7 images but 6 labels; give one label for each image."),
        ({"split": "t10k"}, "split is 't10k'; it must be train or test."),
    ],
)
def test_what_idx_cannot_hold_is_refused_and_nothing_is_written(wrong, sentence, tmp_path):
    with pytest.raises(DataError) as refused:
        write_idx(tmp_path / "new", **{"split": "train", "images": IMAGES, "labels": LABELS} | wrong)

    assert str(refused.value) == sentence
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("there", "gz", "standard"),
    [
        ("train-images-idx3-ubyte.gz", False, "train-images-idx3-ubyte"),
        ("train-labels-idx1-ubyte", True, "train-labels-idx1-ubyte.gz"),
        ("train-images.idx3-ubyte", False, "train-images-idx3-ubyte"),
    ],
)
def test_a_file_under_another_spelling_of_its_name_is_not_joined_by_a_second_one(there, gz, standard, tmp_path):
    (tmp_path / there).write_bytes(b"mine")

    with pytest.raises(OutputError) as refused:
        write_idx(tmp_path, "train", IMAGES, LABELS, gz=gz)

    assert str(refused.value) == f"{tmp_path / there}: stands beside {standard}, which means the same; remove it first."
    assert contents_of(tmp_path) == {there: b"mine"}


def test_both_files_are_replaced_or_neither(tmp_path):
    write_idx(tmp_path, "train", IMAGES, LABELS)
    write_idx(tmp_path, "train", IMAGES[::-1], LABELS[::-1])
    replaced = {"train-images-idx3-ubyte": idx_bytes(IMAGES[::-1]), "train-labels-idx1-ubyte": idx_bytes(LABELS[::-1])}
    assert contents_of(tmp_path) == replaced

    write = (
        "import resource, sys; from numpy import zeros; from mnist_pipeline.mnist.data.idx_arrays import write_idx\n"
    )
    write += "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))  # as on a disk that is full after the labels\n"
    write += "write_idx(sys.argv[1], 'train', zeros((10, 28, 28), int), zeros(10, int))"
    finished = subprocess.run([sys.executable, "-c", write, tmp_path], capture_output=True, text=True, check=False)

    assert "OutputError" in finished.stderr
    assert "nothing was changed" in finished.stderr
    assert contents_of(tmp_path) == replaced
