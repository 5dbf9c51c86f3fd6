import hashlib
import signal
import subprocess
import sys

import pytest

from mnist_pipeline.errors import OutputError
from mnist_pipeline.files import output_folder, sha256_of, written_whole


def contents_of(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_files_appear_together_at_the_end_of_the_body(tmp_path):
    with written_whole(tmp_path / "a", tmp_path / "new/b") as (a, b):
        a.write_text("first")
        b.write_text("second")
        assert not (tmp_path / "a").exists()

    assert (tmp_path / "a").read_text() == "first"
    assert contents_of(tmp_path / "new") == {"b": "second"}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_body_that_raises_leaves_every_file_as_it_was(tmp_path, error):
    (tmp_path / "old").write_text("old")

    def write_and_fail():
        with written_whole(tmp_path / "old", tmp_path / "new") as (old, new):
            old.write_text("half")
            new.write_text("half")
            raise error

    with pytest.raises(error):
        write_and_fail()

    assert contents_of(tmp_path) == {"old": "old"}


def test_what_a_killed_process_has_left_is_gone_once_the_files_are_written(tmp_path):
    killed = f"""
import os, signal
from pathlib import Path
from mnist_pipeline.files import written_whole
with written_whole(Path({str(tmp_path / "a")!r}), Path({str(tmp_path / "b")!r})) as (a, b):
    a.write_text("half a file")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", killed]).returncode == -signal.SIGKILL
    assert list(contents_of(tmp_path).values()) == ["half a file"]

    with written_whole(tmp_path / "a", tmp_path / "b") as (a, b):
        a.write_text("first")
        b.write_text("second")

    assert contents_of(tmp_path) == {"a": "first", "b": "second"}


def test_a_full_disk_is_an_output_error_that_names_the_file(tmp_path):
    (tmp_path / "old").write_text("old")

    def write_too_much():
        with written_whole(tmp_path / "old") as (path,):
            path.symlink_to("/dev/full")  # takes any write and answers that no space is left
            path.write_text("new")

    with pytest.raises(OutputError, match=r"old: writing failed \(No space left on device\); nothing was changed"):
        write_too_much()

    assert contents_of(tmp_path) == {"old": "old"}


def test_a_folder_where_one_of_the_files_should_be_is_refused_before_anything_is_written(tmp_path):
    (tmp_path / "b").mkdir()

    with (
        pytest.raises(OutputError, match="b: a folder stands where the file should be"),
        written_whole(tmp_path / "a", tmp_path / "b"),
    ):
        pytest.fail("the body ran")

    assert not (tmp_path / "a").exists()


def test_an_output_folder_is_made_with_its_parents_and_may_be_there_already(tmp_path):
    assert output_folder(tmp_path / "a/b") == tmp_path / "a/b"
    assert output_folder(str(tmp_path / "a/b")).is_dir()


@pytest.mark.parametrize("path", ["file", "file/below"])
def test_a_file_in_the_place_of_an_output_folder_is_refused(tmp_path, path):
    (tmp_path / "file").touch()

    with pytest.raises(OutputError, match=f"{path}: a file stands where the output folder should be"):
        output_folder(tmp_path / path)


def test_an_output_folder_that_the_system_refuses_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match=r"cannot be created \(File name too long\)"):
        output_folder(tmp_path / ("x" * 300))


def test_a_file_has_the_digest_that_every_tool_gives_it(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")

    assert sha256_of(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_folder_has_the_digest_of_what_sha256sum_prints_for_its_files(tmp_path):
    for name in ("b", "a/z", "a.txt", "a-b", "A", "a/deep/er", "é"):  # "." and "-" sort before "/"
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name}")
    (tmp_path / "folder/empty").mkdir()
    command = "find * -type f | LC_ALL=C sort | xargs sha256sum"

    printed = subprocess.run(["sh", "-c", command], cwd=tmp_path / "folder", capture_output=True, check=True).stdout

    assert sha256_of(tmp_path / "folder") == hashlib.sha256(printed).hexdigest()


@pytest.mark.parametrize("change", ["content", "name", "another file"])
def test_a_folders_digest_changes_with_its_contents_and_not_with_its_place(tmp_path, change):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "file").write_text("content")
    assert sha256_of(tmp_path / "one") == sha256_of(tmp_path / "two")

    if change == "content":
        (tmp_path / "two/file").write_text("changed")
    elif change == "name":
        (tmp_path / "two/file").rename(tmp_path / "two/renamed")
    else:
        (tmp_path / "two/more").touch()

    assert sha256_of(tmp_path / "one") != sha256_of(tmp_path / "two")
