"""What Azure ML's own mount makes of writes that it must refuse, and of those that nobody ends."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from idx_data import direct_csv, write_patterned_idx

from mnist_pipeline.errors import OutputError
from mnist_pipeline.mnist.data.prep import prepare_data

pytestmark = pytest.mark.long

KILLED = Path(__file__).with_name("killed_while_writing.py")


def raw_and_prepared(folder, n_train=400, n_test=200):
    """IDX files in `folder`, and the CSV files that preparing them writes, by their paths."""
    raw = write_patterned_idx(folder, 8, 6, n_classes=3, n_train=n_train, n_test=n_test)
    names = {"train/mnist_train.csv": "train", "test/mnist_test.csv": "t10k"}
    csvs = {
        path: direct_csv(raw / f"{name}-images-idx3-ubyte", raw / f"{name}-labels-idx1-ubyte")
        for path, name in names.items()
    }
    return raw, csvs


def test_an_input_can_be_read_and_not_written(container, tmp_path):
    raw, _ = raw_and_prepared(tmp_path)
    container.upload(raw, "input")
    before = container.files("input")

    with container.read_only_mount("input") as folder:
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
        for write in (
            lambda: (folder / "new").write_text("new"),
            lambda: (folder / "train-images-idx3-ubyte").write_bytes(b"changed"),
            lambda: (folder / "train-images-idx3-ubyte").unlink(),
            lambda: (folder / "new").mkdir(),
        ):
            with pytest.raises(OSError, match="Read-only file system"):
                write()
        with pytest.raises(OutputError, match=r"\(Read-only file system\)"):
            prepare_data(raw, folder / "train", folder / "test")

    assert container.files("input") == before


def test_what_is_written_is_in_the_container_and_can_be_read_through_another_mount(container, tmp_path):
    raw, csvs = raw_and_prepared(tmp_path)
    with container.read_write_mount("written") as output:
        prepare_data(raw, output / "train", output / "test")

    assert container.files("written") == csvs
    with container.read_only_mount("written") as folder:
        assert {name: (folder / name).read_bytes() for name in csvs} == csvs


@pytest.mark.parametrize(("killed_in", "n_train", "n_test"), [("train", 400, 200), ("test", 200, 400)])
def test_a_step_killed_while_it_writes_leaves_no_file_that_is_not_whole_and_can_run_again(
    killed_in, n_train, n_test, container, tmp_path
):
    raw, csvs = raw_and_prepared(tmp_path, n_train, n_test)
    limit = max(map(len, csvs.values())) - 1000
    path = f"killed-in-{killed_in}"

    with container.read_write_mount(path) as output:
        step = subprocess.run([sys.executable, KILLED, str(limit), raw, output / "train", output / "test"])
        assert step.returncode == -signal.SIGXFSZ
    left = container.files(path)
    assert len(left[f"{killed_in}/.mnist_{killed_in}.csv.partial"]) == limit, "the mount uploads what there is"
    assert csvs.keys().isdisjoint(left)

    with container.read_write_mount(path) as output:
        prepare_data(raw, output / "train", output / "test")
    assert container.files(path) == csvs
