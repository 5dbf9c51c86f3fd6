"""Data by name: the sample, Fashion-MNIST from Debian or downloaded, a folder."""

import gzip
import hashlib
import http.server
import struct
import threading

import numpy as np
import pytest
from idx_data import patterned, write_idx, write_patterned_idx

from mnist_pipeline.errors import DataError, DownloadError, IdxError
from mnist_pipeline.mnist.data.dataset import read_dataset
from mnist_pipeline.mnist.data.named_data import (
    DEBIAN_FOLDER,
    FASHION_MNIST_FILES,
    download_fashion_mnist,
    fetch_data,
    name_classes,
)
from mnist_pipeline.mnist.data.sample import sample_folder

# Debian strips the name and the time from the header of a gzip file; these are the times that the authors' files carry.
PUBLISHED_AT = {"train": 1504176606, "t10k": 1504176627}


@pytest.fixture(scope="module")
def published_files(tmp_path_factory):
    """The four files byte for byte as their authors published them, restored from Debian's."""
    folder = tmp_path_factory.mktemp("published")
    for name in FASHION_MNIST_FILES:
        time = struct.pack("<I", PUBLISHED_AT[name.split("-")[0]])
        header = b"\x1f\x8b\x08\x08" + time + b"\x00\x03" + name.removesuffix(".gz").encode() + b"\0"
        (folder / name).write_bytes(header + (DEBIAN_FOLDER / name).read_bytes()[10:])
    return folder


@pytest.fixture
def serve():
    """A function that serves a folder over HTTP on loopback and returns its URL and the list of what was asked for."""
    servers = []

    def start(folder):
        asked = []

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *args):
                super().__init__(*args, directory=folder)

            def log_message(self, *_):
                asked.append(self.path)

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/", asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_the_sample_is_small_balanced_and_named():
    data = fetch_data("sample")

    train, test = read_dataset(data.folder, "train"), read_dataset(data.folder, "test")
    assert np.bincount(train.labels).tolist() == [500] * 10
    assert np.bincount(test.labels).tolist() == [100] * 10
    assert len(data.class_names) == 10
    assert sorted(file.name for file in data.folder.iterdir()) == sorted(FASHION_MNIST_FILES)
    assert sum(file.stat().st_size for file in data.folder.iterdir()) <= 3_000_000


def test_the_sample_is_a_cut_of_fashion_mnist_with_its_licence():
    whole = {image.tobytes() for image in read_dataset(DEBIAN_FOLDER, "train").images}

    assert all(image.tobytes() in whole for image in read_dataset(sample_folder(), "train").images)
    assert "Zalando" in (sample_folder().parent / "LICENSE").read_text()


def test_fashion_mnist_is_taken_from_debian_where_it_is_installed():
    assert fetch_data("fashion-mnist").folder == DEBIAN_FOLDER


def test_any_other_name_is_a_folder(tmp_path):
    write_patterned_idx(tmp_path / "mine", 4, 4, 2)

    assert fetch_data(str(tmp_path / "mine")).folder == tmp_path / "mine"


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("fashion_mnist", "; did you mean fashion-mnist?"),
        ("FashionMNIST", "; did you mean fashion-mnist?"),
        ("data/fashion-mnists", "; did you mean fashion-mnist?"),
        ("samples", "; did you mean sample?"),
        ("my-digits", "."),
        ("nowhere/at/all", "."),
    ],
)
def test_an_unknown_name_lists_the_known_ones_and_the_close_one(name, ending):
    with pytest.raises(IdxError) as refused:
        fetch_data(name)

    assert str(refused.value) == (
        f"{name}: no such folder; give a folder with four IDX files, or sample or fashion-mnist{ending}"
    )


def test_a_folder_whose_splits_are_of_two_kinds_is_refused(tmp_path):
    write_patterned_idx(tmp_path, 4, 4, 2)
    write_idx(tmp_path, "test", *patterned(6, 4, 4, 3))

    with pytest.raises(IdxError, match=r"t10k-labels-idx1-ubyte: holds the label 2, which no training image has"):
        fetch_data(str(tmp_path))


def test_a_folder_without_test_images_is_refused(tmp_path):
    write_patterned_idx(tmp_path, 4, 4, 2)
    (tmp_path / "t10k-images-idx3-ubyte").unlink()

    with pytest.raises(IdxError, match="t10k-images-idx3-ubyte is missing"):
        fetch_data(str(tmp_path))


def test_the_published_files_are_downloaded_once_and_checked(published_files, serve, tmp_path):
    url, asked = serve(published_files)

    folder = download_fashion_mnist(tmp_path, url)
    download_fashion_mnist(tmp_path, url)

    assert len(asked) == 4
    for name in FASHION_MNIST_FILES:
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == FASHION_MNIST_FILES[name]
        assert gzip.decompress((folder / name).read_bytes()) == gzip.decompress((DEBIAN_FOLDER / name).read_bytes())


def test_a_file_that_is_not_the_published_one_is_refused_and_not_kept(serve, tmp_path):
    (tmp_path / "forged").mkdir()
    for name in FASHION_MNIST_FILES:
        (tmp_path / "forged" / name).write_bytes(b"forged")
    url, _ = serve(tmp_path / "forged")

    with pytest.raises(DownloadError, match=r"train-images-idx3-ubyte.gz: not the published file"):
        download_fashion_mnist(tmp_path / "cache", url)

    assert not [file for file in (tmp_path / "cache").rglob("*") if file.is_file()]


def test_a_mirror_out_of_reach_is_said_with_the_other_ways(tmp_path):
    with pytest.raises(DownloadError, match="dataset-fashion-mnist"):
        download_fashion_mnist(tmp_path, "http://127.0.0.1:9/")


def test_the_classes_of_a_folder_can_be_named(tmp_path):
    data = fetch_data(str(write_patterned_idx(tmp_path, 4, 4, 3)))

    assert data.class_names == ()
    assert name_classes(data, ("a", "b", "c")).class_names == ("a", "b", "c")
    assert name_classes(data, ("a", "b", "c", "never seen")).class_names == ("a", "b", "c", "never seen")


def test_a_label_without_a_name_is_refused(tmp_path):
    write_patterned_idx(tmp_path, 4, 4, 2)
    write_idx(tmp_path, "train", *patterned(9, 4, 4, 3))

    with pytest.raises(
        DataError, match="train-labels-idx1-ubyte: holds the label 2, but the class names end at label 1;"
    ):
        name_classes(fetch_data(str(tmp_path)), ("a", "b"))
