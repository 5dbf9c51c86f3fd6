import multiprocessing
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mnist_pipeline.folders import write_folder

FILES = {"a.py": b"one", "deep/er/b.py": b"two"}


def files_of(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_holds_just_the_files(tmp_path):
    write_folder(tmp_path / "new" / "folder", FILES)

    assert files_of(tmp_path) == {f"new/folder/{name}": content for name, content in FILES.items()}


def test_a_folder_that_holds_them_already_is_left_alone(tmp_path):
    write_folder(tmp_path / "folder", FILES)
    (tmp_path / "folder/deep/__pycache__").mkdir()
    before = (tmp_path / "folder").stat()

    write_folder(tmp_path / "folder", FILES)

    assert (tmp_path / "folder").stat() == before


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a.py").write_bytes(b"changed"),
        lambda folder: (folder / "a.py").unlink(),
        lambda folder: (folder / "deep/more.py").write_bytes(b""),
        lambda folder: (folder / "empty").mkdir(),
    ],
    ids=["a file changed", "a file deleted", "a file added", "a folder added"],
)
def test_a_folder_that_somebody_has_changed_is_replaced(change, tmp_path):
    write_folder(tmp_path / "folder", FILES)
    change(tmp_path / "folder")

    write_folder(tmp_path / "folder", FILES)

    assert files_of(tmp_path) == {f"folder/{name}": content for name, content in FILES.items()}
    assert not (tmp_path / "folder/empty").exists()


def test_a_killed_process_leaves_no_half_folder(tmp_path):
    program = f"""
import resource, signal
from pathlib import Path
from mnist_pipeline.folders import write_folder
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
write_folder(Path({str(tmp_path / "folder")!r}), {{"a.py": b"small", "b.py": bytes(1000)}})
"""
    assert subprocess.run([sys.executable, "-c", program]).returncode == -signal.SIGXFSZ

    assert not (tmp_path / "folder").exists()
    (left,) = tmp_path.iterdir()
    assert left.name.startswith("folder.partial-")


def test_a_folder_that_cannot_be_written_is_an_os_error_and_stays(tmp_path):
    (tmp_path / "taken").write_text("")

    with pytest.raises(OSError, match="taken"):
        write_folder(tmp_path / "taken" / "folder", FILES)

    assert (tmp_path / "taken").read_text() == ""


def test_processes_that_write_one_folder_at_the_same_time_agree(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/stray").write_text("")
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_folder, args=(tmp_path / "folder", FILES)) for _ in range(4)]

    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert [writer.exitcode for writer in writers] == [0, 0, 0, 0]
    assert files_of(tmp_path) == {f"folder/{name}": content for name, content in FILES.items()}


@pytest.fixture
def overtaken(monkeypatch):
    """A function that lets another call of `write_folder` win, just before the next rename."""

    def overtake(folder, files):
        rename = Path.rename

        def late(path, target):
            monkeypatch.setattr(Path, "rename", rename)
            write_folder(folder, files)
            return path.rename(target)

        monkeypatch.setattr(Path, "rename", late)

    return overtake


def test_a_process_that_was_slower_with_the_same_files_is_content(overtaken, tmp_path):
    overtaken(tmp_path / "folder", FILES)

    write_folder(tmp_path / "folder", FILES)

    assert files_of(tmp_path) == {f"folder/{name}": content for name, content in FILES.items()}


def test_a_process_that_was_slower_with_other_files_fails_and_changes_nothing(overtaken, tmp_path):
    overtaken(tmp_path / "folder", {"other.py": b"three"})

    with pytest.raises(OSError, match="not empty"):
        write_folder(tmp_path / "folder", FILES)

    assert files_of(tmp_path) == {"folder/other.py": b"three"}
