import gzip
import struct

import numpy as np
import pytest
from idx_data import idx_bytes, write_idx

from mnist_pipeline.errors import IdxError
from mnist_pipeline.mnist.data.dataset import read_dataset
from mnist_pipeline.mnist.data.idx import find_pair, has_split

IMAGES = np.arange(30).reshape(5, 2, 3)
LABELS = np.array([0, 255, 1, 2, 3])


def read_all(folder):
    """Both files of the training split, headers and data."""
    return [np.concatenate(list(file.batches(2))) for file in find_pair(folder, "train")]


@pytest.mark.parametrize("separator", ["-", "."])
@pytest.mark.parametrize("gz", [False, True], ids=["plain", "gz"])
def test_either_spelling_plain_or_gzipped_is_found_and_read(tmp_path, separator, gz):
    written = write_idx(tmp_path, "train", IMAGES, LABELS, separator, gz)

    images, labels = find_pair(tmp_path, "train")

    assert (images.path, labels.path) == written
    assert (images.shape, labels.shape) == ((5, 2, 3), (5,))
    assert np.array_equal(np.concatenate(list(images.batches(2))), IMAGES)
    assert np.array_equal(np.concatenate(list(labels.batches(2))), LABELS)


def test_the_test_split_is_the_files_that_start_with_t10k(tmp_path):
    write_idx(tmp_path, "test", IMAGES, LABELS)

    assert find_pair(tmp_path, "test")[0].path.name == "t10k-images-idx3-ubyte"
    assert has_split(tmp_path, "test")
    assert not has_split(tmp_path, "train")


@pytest.mark.parametrize("items", [1, 2, 3, 5, 6, 100])
@pytest.mark.parametrize("gz", [False, True], ids=["plain", "gz"])
def test_batches_hold_so_many_images_and_the_last_one_the_rest(tmp_path, items, gz):
    write_idx(tmp_path, "train", IMAGES, LABELS, gz=gz)
    images, _ = find_pair(tmp_path, "train")

    batches = list(images.batches(items))

    assert [len(batch) for batch in batches[:-1]] == [items] * (len(batches) - 1)
    assert {batch.shape[1:] for batch in batches} == {(2, 3)}
    assert {batch.dtype for batch in batches} == {np.dtype(np.uint8)}
    assert np.array_equal(np.concatenate(batches), IMAGES)


@pytest.mark.parametrize("gz", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        pytest.param(lambda _: b"", "the file is empty", id="empty file"),
        pytest.param(lambda data: data[:3], "0x000008", id="cut off inside the magic number"),
        pytest.param(lambda data: data[:9], "ends inside its header of 16 bytes", id="cut off inside the header"),
        pytest.param(lambda data: b"\0\0\x0d\x03" + data[4:], "0x00000d03.*starts with 0x00000803", id="floats"),
        pytest.param(lambda _: idx_bytes(LABELS), "0x00000801.*starts with 0x00000803", id="labels for images"),
        pytest.param(lambda _: b"label,pixel\n", "wrong magic number 0x6c616265", id="some other file"),
        pytest.param(lambda _: idx_bytes(IMAGES[:0]), r"shape \(0, 2, 3\)", id="no images"),
        pytest.param(lambda _: idx_bytes(IMAGES[:, :, :0]), r"shape \(5, 2, 0\)", id="images without pixels"),
        pytest.param(lambda data: data[:-3], "promises 30 bytes of data, the file holds only 27", id="three too few"),
        pytest.param(lambda data: data[:16], "promises 30 bytes of data, the file holds only 0", id="no data"),
        pytest.param(lambda data: data + b"\0", "promises 30 bytes of data, the file holds more", id="one too many"),
        pytest.param(
            lambda data: data[:8] + struct.pack(">2I", 1 << 16, 1 << 30) + data[16:],
            "promises 351843720888320 bytes of data, the file holds only 30",
            id="a header that promises more than any memory",
        ),
        pytest.param(
            lambda data: data[:8] + b"\xff" * 8 + data[16:],
            f"promises {5 * (2**32 - 1) ** 2} bytes of data, the file holds only 30",
            id="a header that promises more than a size can count",
        ),
    ],
)
def test_a_malformed_file_is_named_with_what_is_wrong(tmp_path, damage, finding, gz):
    images, _ = write_idx(tmp_path, "train", IMAGES, LABELS, gz=gz)
    data = damage(idx_bytes(IMAGES))
    images.write_bytes(gzip.compress(data) if gz else data)

    with pytest.raises(IdxError, match=f"{images.name}: .*{finding}"):
        read_all(tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: data[:-9], id="cut off in the data"),
        pytest.param(lambda data: data[:-2], id="cut off in the checksum"),
        pytest.param(lambda data: data[:5], id="cut off in gzip's header"),
        pytest.param(lambda _: b"no gzip, but a text", id="not gzip at all"),
        pytest.param(lambda data: data[:-8] + b"\1\2\3\4" + data[-4:], id="wrong checksum"),
        pytest.param(lambda data: data[:10] + b"\xff" * 20, id="not deflated"),
        pytest.param(lambda data: data + b"garbage", id="garbage behind the end"),
    ],
)
def test_damaged_gzip_data_are_named(tmp_path, damage):
    images, _ = write_idx(tmp_path, "train", IMAGES, LABELS, gz=True)
    images.write_bytes(damage(images.read_bytes()))

    with pytest.raises(
        IdxError, match=r"train-images-idx3-ubyte\.gz: the gzip data are damaged .*fetch the file again"
    ):
        read_all(tmp_path)


def test_a_damaged_label_file_is_named_too(tmp_path):
    _, labels = write_idx(tmp_path, "train", IMAGES, LABELS)
    labels.write_bytes(labels.read_bytes()[:-1])

    with pytest.raises(IdxError, match=r"train-labels-idx1-ubyte: .*promises 5 bytes of data, the file holds only 4"):
        read_all(tmp_path)


def test_images_and_labels_of_different_counts_are_refused_with_both_counts(tmp_path):
    write_idx(tmp_path, "train", IMAGES, LABELS[:4])

    with pytest.raises(
        IdxError, match="train-images-idx3-ubyte holds 5 images but train-labels-idx1-ubyte holds 4 lab"
    ):
        find_pair(tmp_path, "train")


@pytest.mark.parametrize("missing", ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"])
def test_a_missing_file_is_named_with_what_is_there(idx_folder, missing):
    (idx_folder / missing).unlink()

    with pytest.raises(IdxError, match=f"idx: {missing} is missing .*; it holds t10k-images-idx3-ubyte, t10k-labels"):
        find_pair(idx_folder, "train")


def test_an_empty_folder_is_called_empty(tmp_path):
    with pytest.raises(IdxError, match=r"train-images-idx3-ubyte is missing .*; the folder is empty"):
        find_pair(tmp_path, "train")


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(IdxError, match="nowhere: no such folder; give the folder that holds the four IDX files"):
        find_pair(tmp_path / "nowhere", "train")


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(IdxError, match="file: no such folder"):
        find_pair(tmp_path / "file", "train")


def test_reading_a_whole_split_finds_the_same_faults(tmp_path):
    images, _ = write_idx(tmp_path, "train", IMAGES, LABELS)
    images.write_bytes(images.read_bytes()[:-1])

    with pytest.raises(IdxError, match="promises 30 bytes of data, the file holds only 29"):
        read_dataset(tmp_path, "train")
