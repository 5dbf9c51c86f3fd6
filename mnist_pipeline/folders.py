"""Folders that appear whole."""

import tempfile
from collections.abc import Mapping
from pathlib import Path


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files to a folder so that it appears whole, in place of what is there.

    Nothing is written if the folder holds just these files already. Two processes may write the same files to one
    folder at the same time. A killed process leaves a folder beside it, `<name of the folder>.partial-...`.

    Args:
        folder: Where to write; its parents are made if they are missing.
        files: From names relative to the folder, with `/`, to contents.

    Raises:
        OSError: writing failed; the folder may hold what it held before.
    """
    if _holds_just(folder, files):
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}.partial-") as temporary:
        new, old = Path(temporary, "new"), Path(temporary, "old")
        for name, content in files.items():
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            (new / name).write_bytes(content)
        try:
            if folder.exists():
                folder.rename(old)
            new.rename(folder)
        except OSError:  # another process may have been faster
            if not _holds_just(folder, files):
                raise


def _holds_just(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Tell whether a folder holds these files and no other file or folder, apart from compiled bytecode."""
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if "__pycache__" not in path.parts}
    folders = {parent.as_posix() for name in files for parent in Path(name).parents} - {"."}
    return paths.keys() == files.keys() | folders and all(
        paths[name].is_file() and paths[name].read_bytes() == content for name, content in files.items()
    )
