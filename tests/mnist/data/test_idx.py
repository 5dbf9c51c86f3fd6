import gzip
import struct

import numpy as np
import pytest
from idx_data import idx_bytes, write_idx

from mnist_pipeline.errors import IdxError
from mnist_pipeline.mnist.data.dataset import read_dataset
from mnist_pipeline.mnist.data.idx import find_pair, find_splits, has_split

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


@pytest.mark.parametrize("gz", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize(
    ("header", "finding"),
    [
        (
            b"\0\0\x08\x04" + struct.pack(">4I", 5, 2, 3, 3),
            "wrong magic number 0x00000804, which means IDX of unsigned bytes with 4 dimensions, as color images have; "
            "IDX of unsigned bytes with 3 dimensions starts with 0x00000803; convert the images to gray, for example "
            "with images.mean(axis=-1).astype('uint8'), and write them with mnist_pipeline.write_idx.",
        ),
        (
            b"\0\0\x0b\x03" + struct.pack(">3I", 5, 2, 3),
            "wrong magic number 0x00000b03, which means IDX of 16-bit integers with 3 dimensions; IDX of unsigned "
            "bytes with 3 dimensions starts with 0x00000803; bring the values to whole numbers from 0 to 255 and write "
            "them with mnist_pipeline.write_idx.",
        ),
        (
            b"\0\0\x0e\x01" + struct.pack(">I", 5),
            "wrong magic number 0x00000e01, which means IDX of 64-bit floats with 1 dimension; IDX of unsigned bytes "
            "with 3 dimensions starts with 0x00000803; bring the values to whole numbers from 0 to 255 and write them "
            "with mnist_pipeline.write_idx.",
        ),
        (
            idx_bytes(LABELS),
            "wrong magic number 0x00000801, which means IDX of unsigned bytes with 1 dimension; IDX of unsigned bytes "
            "with 3 dimensions starts with 0x00000803; give the file that belongs under this name.",
        ),
        (
            b"\0\0\x0a\x03" + struct.pack(">3I", 5, 2, 3),
            "wrong magic number 0x00000a03; IDX of unsigned bytes with 3 dimensions starts with 0x00000803; give an "
            "IDX file.",
        ),
    ],
    ids=["color", "16 bits", "floats", "labels", "no type of IDX"],
)
def test_idx_of_another_kind_is_called_what_it_is_and_how_to_convert_it(tmp_path, header, finding, gz):
    images, _ = write_idx(tmp_path, "train", IMAGES, LABELS, gz=gz)
    images.write_bytes(gzip.compress(header + bytes(100)) if gz else header + bytes(100))

    with pytest.raises(IdxError) as refused:
        find_pair(tmp_path, "train")

    assert str(refused.value) == f"{images}: {finding}"


SPELLINGS = [("-", False), (".", False), ("-", True), (".", True)]


@pytest.mark.parametrize("one", SPELLINGS)
@pytest.mark.parametrize("other", SPELLINGS)
def test_the_same_content_under_two_names_is_read(tmp_path, one, other):
    write_idx(tmp_path, "train", IMAGES, LABELS, *one)
    write_idx(tmp_path, "train", IMAGES, LABELS, *other)

    images, labels = read_all(tmp_path)

    assert np.array_equal(images, IMAGES)
    assert np.array_equal(labels, LABELS)


@pytest.mark.parametrize("which", ["images", "labels"])
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda array: array[::-1], id="another order"),
        pytest.param(lambda array: array[:4], id="shorter"),
        pytest.param(lambda array: np.concatenate([array, array[:1]]), id="longer"),
    ],
)
def test_different_content_under_two_names_is_refused(tmp_path, which, change):
    write_idx(tmp_path, "train", IMAGES, LABELS)
    other = {"images": IMAGES, "labels": LABELS}
    other[which] = change(other[which])
    write_idx(tmp_path, "train", **other, gz=True)

    name = f"train-{which}-idx{other[which].ndim}-ubyte"
    with pytest.raises(IdxError) as refused:
        find_pair(tmp_path, "train")

    assert str(refused.value) == (
        f"{tmp_path}: {name} and {name}.gz hold different data; remove the one that you do not mean."
    )


def test_files_that_differ_behind_the_first_compared_block_are_refused(tmp_path):
    images = np.zeros((3, 1024, 1024), np.uint8)
    write_idx(tmp_path, "train", images, LABELS[:3])
    images[2, -1, -1] = 1
    write_idx(tmp_path, "train", images, LABELS[:3], gz=True)

    with pytest.raises(IdxError, match=r"train-images-idx3-ubyte and .*\.gz hold different data"):
        find_pair(tmp_path, "train")


def test_both_splits_of_one_kind_are_found(tmp_path):
    write_idx(tmp_path, "train", IMAGES, LABELS)
    write_idx(tmp_path, "test", IMAGES[1:3], LABELS[1:3])

    found = find_splits(tmp_path)

    assert found == {split: find_pair(tmp_path, split) for split in ("train", "test")}


def test_test_images_of_another_size_than_the_training_images_are_refused(tmp_path):
    write_idx(tmp_path, "train", IMAGES, LABELS)
    test_images, _ = write_idx(tmp_path, "test", IMAGES.swapaxes(1, 2), LABELS)

    with pytest.raises(IdxError) as refused:
        find_splits(tmp_path)

    assert str(refused.value) == (
        f"{test_images}: the test images are 3 x 2 pixels, but the training images in train-images-idx3-ubyte are "
        "2 x 3; bring all images to one size."
    )


@pytest.mark.parametrize(
    ("labels", "finding"),
    [
        ([0, 255, 1, 2, 9], "the label 9, which"),
        ([4, 255, 200, 4, 9], "the labels 4, 9, 200, which"),
        ([4, 5, 6, 7, 8], "the labels 4, 5, 6, 7, 8, which"),
    ],
)
def test_test_labels_that_no_training_image_has_are_refused(tmp_path, labels, finding):
    write_idx(tmp_path, "train", IMAGES, LABELS)
    _, test_labels = write_idx(tmp_path, "test", IMAGES, np.array(labels))

    with pytest.raises(IdxError) as refused:
        find_splits(tmp_path)

    assert str(refused.value) == (
        f"{test_labels}: holds {finding} no training image has; add such training images to train-images-idx3-ubyte, "
        "or leave those test images out."
    )


def test_of_many_unknown_test_labels_the_first_are_named(tmp_path):
    write_idx(tmp_path, "train", IMAGES, LABELS)
    write_idx(tmp_path, "test", np.zeros((256, 2, 3)), np.arange(256))

    with pytest.raises(IdxError, match=r"holds the labels 4, 5, 6, 7, 8, \.\.\., which no training image has"):
        find_splits(tmp_path)
