import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from idx_data import direct_csv, direct_csv_sha256, patterned, write_idx

from mnist_pipeline.errors import IdxError, OutputError
from mnist_pipeline.mnist.data.idx import find_pair
from mnist_pipeline.mnist.data.prep import encode_rows, prepare_data, write_csv

FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")
ALL_VALUES = np.arange(256).reshape(1, 16, 16)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("gz", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize(
    ("images", "labels"),
    [
        pytest.param(*patterned(30, 28, 28, 10), id="28 x 28"),
        pytest.param(*patterned(7, 3, 5, 2), id="not square"),
        pytest.param(*patterned(300, 1, 1, 256), id="one pixel, labels up to 255"),
        pytest.param(np.concatenate([ALL_VALUES, ALL_VALUES[:, ::-1]]), np.array([255, 0]), id="all pixel values"),
    ],
)
def test_the_csvs_are_the_idx_files_byte_by_byte(tmp_path, images, labels, gz):
    train = write_idx(tmp_path / "idx", "train", images, labels, gz=gz)
    test = write_idx(tmp_path / "idx", "test", images[::-1], labels[::-1], gz=gz)

    prepare_data(tmp_path / "idx", tmp_path / "train", tmp_path / "test")

    assert (tmp_path / "train/mnist_train.csv").read_bytes() == direct_csv(*train)
    assert (tmp_path / "test/mnist_test.csv").read_bytes() == direct_csv(*test)


@pytest.mark.parametrize(
    ("n", "height", "width"), [(2500, 30, 30), (2, 1200, 1800)], ids=["many images", "images larger than a batch"]
)
def test_data_larger_than_a_batch_are_written_in_order(tmp_path, n, height, width):
    files = write_idx(tmp_path / "idx", "train", *patterned(n, height, width, 10))

    write_csv(*find_pair(tmp_path / "idx", "train"), tmp_path / "out.csv")

    assert (tmp_path / "out.csv").read_bytes() == direct_csv(*files)


def test_a_row_ends_with_a_newline_and_has_no_comma_there():
    rows = np.array([[9, 0, 10, 255], [100, 99, 1, 0]], np.uint8)

    assert encode_rows(rows) == b"9,0,10,255\n100,99,1,0\n"


@pytest.mark.parametrize("columns", [2, 3], ids=["even", "odd"])
def test_every_pair_of_values_is_written_as_it_is_for_even_and_odd_numbers_of_columns(columns):
    pairs = np.indices((256, 256), np.uint8).reshape(2, -1).T
    rows = pairs[:, [0, 1, 0][:columns]]

    assert encode_rows(rows) == "".join(",".join(map(str, row)) + "\n" for row in rows.tolist()).encode()


def test_an_output_folder_holds_its_csv_and_nothing_else(idx_folder, tmp_path):
    prepare_data(idx_folder, tmp_path / "out/train", tmp_path / "out/test")

    assert names_in(tmp_path / "out/train") == ["mnist_train.csv"]
    assert names_in(tmp_path / "out/test") == ["mnist_test.csv"]


def test_both_csvs_may_go_to_one_folder(idx_folder, tmp_path):
    prepare_data(idx_folder, tmp_path / "out", tmp_path / "out")

    assert (tmp_path / "out/mnist_train.csv").read_text() == "7,0,1,2,3\n3,4,5,6,7\n"
    assert (tmp_path / "out/mnist_test.csv").read_text() == "3,255,255,255,255\n"


def test_a_second_run_replaces_the_csvs(idx_folder, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mnist_train.csv").write_text("old")

    prepare_data(idx_folder, tmp_path / "out", tmp_path / "out")

    assert (tmp_path / "out/mnist_train.csv").read_text() == "7,0,1,2,3\n3,4,5,6,7\n"


def test_progress_names_the_file_and_the_image_size_that_the_header_gives(idx_folder, tmp_path, capsys):
    prepare_data(idx_folder, tmp_path / "train", tmp_path / "test")

    assert "mnist_train.csv: 2 images of 2 x 2 pixels" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
def test_bad_input_leaves_neither_csv(idx_folder, tmp_path, name):
    (idx_folder / name).write_bytes((idx_folder / name).read_bytes()[:-1])

    with pytest.raises(IdxError, match=name):
        prepare_data(idx_folder, tmp_path / "train", tmp_path / "test")

    assert not [path for path in tmp_path.glob("*/*") if path.parent != idx_folder]


@pytest.mark.parametrize(
    ("images", "labels", "finding"),
    [
        (np.zeros((1, 2, 3)), [3], "the test images are 2 x 3 pixels, but the training images"),
        (np.zeros((1, 2, 2)), [9], "holds the label 9, which no training image has"),
    ],
    ids=["another size", "an unknown label"],
)
def test_test_data_of_another_kind_than_the_training_data_are_refused_before_anything_is_written(
    idx_folder, tmp_path, images, labels, finding
):
    write_idx(idx_folder, "test", images, np.array(labels))

    with pytest.raises(IdxError, match=finding):
        prepare_data(idx_folder, tmp_path / "train", tmp_path / "test")

    assert names_in(tmp_path) == ["idx"]


def test_bad_input_leaves_existing_csvs_as_they_were(idx_folder, tmp_path):
    for name in ("mnist_train.csv", "mnist_test.csv"):
        (tmp_path / "out").mkdir(exist_ok=True)
        (tmp_path / "out" / name).write_text("old")
    labels = idx_folder / "t10k-labels-idx1-ubyte"
    labels.write_bytes(labels.read_bytes() + b"\0")

    with pytest.raises(IdxError, match=r"t10k-labels-idx1-ubyte.*holds more"):
        prepare_data(idx_folder, tmp_path / "out", tmp_path / "out")

    assert {path.name: path.read_text() for path in (tmp_path / "out").iterdir()} == {
        "mnist_train.csv": "old",
        "mnist_test.csv": "old",
    }


@pytest.mark.parametrize("out", ["taken", "taken/below"])
def test_an_output_path_that_is_a_file_is_refused(idx_folder, tmp_path, out):
    (tmp_path / "taken").write_text("precious")

    with pytest.raises(OutputError, match=f"{out}: a file stands where the output folder should be"):
        prepare_data(idx_folder, tmp_path / "train", tmp_path / out)

    assert (tmp_path / "taken").read_text() == "precious"
    assert not (tmp_path / "train/mnist_train.csv").exists()


def test_a_folder_in_the_place_of_the_csv_is_refused(idx_folder, tmp_path):
    (tmp_path / "test/mnist_test.csv").mkdir(parents=True)

    with pytest.raises(OutputError, match=r"mnist_test\.csv: a folder stands where the file should be"):
        prepare_data(idx_folder, tmp_path / "train", tmp_path / "test")

    assert not names_in(tmp_path / "train")


AS_SOMEBODY_ELSE = """
import os, sys
from mnist_pipeline.errors import OutputError
from mnist_pipeline.mnist.data.prep import prepare_data

if os.geteuid() == 0:  # permissions do not bind root
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    prepare_data(*sys.argv[1:])
except OutputError as error:
    sys.exit(f"OutputError: {error}")
"""


@pytest.mark.parametrize(
    ("out", "finding"),
    [("locked", "locked: no permission to write here"), ("locked/new", "locked/new: the folder cannot be created")],
)
def test_a_folder_without_write_permission_is_refused(out, finding):
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to other users
        folder = Path(name)
        folder.chmod(0o755)
        write_idx(folder / "idx", "train", ALL_VALUES, np.array([1]))
        write_idx(folder / "idx", "test", ALL_VALUES, np.array([1]))
        (folder / "locked").mkdir(mode=0o555)
        command = [sys.executable, "-c", AS_SOMEBODY_ELSE, folder / "idx", folder / out, folder / out]

        finished = subprocess.run(command, capture_output=True, text=True, check=False)

        assert finished.returncode == 1
        assert finished.stderr.startswith(f"OutputError: {folder}/{finding}")
        assert not names_in(folder / "locked")


@pytest.mark.slow
@pytest.mark.skipif(
    not FASHION_MNIST.is_dir() and "CI" not in os.environ,
    reason=f"no Fashion-MNIST in {FASHION_MNIST}; where CI is set this does not skip",
)
def test_fashion_mnist_is_converted_byte_by_byte(tmp_path):
    prepare_data(FASHION_MNIST, tmp_path, tmp_path)

    for prefix, csv in (("train", "mnist_train.csv"), ("t10k", "mnist_test.csv")):
        images, labels = (FASHION_MNIST / f"{prefix}-{what}-ubyte.gz" for what in ("images-idx3", "labels-idx1"))
        with (tmp_path / csv).open("rb") as stream:
            assert hashlib.file_digest(stream, "sha256").hexdigest() == direct_csv_sha256(images, labels)
