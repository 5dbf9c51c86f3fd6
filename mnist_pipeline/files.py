"""Files and folders that steps hand to each other: found, written whole, digested."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mnist_pipeline.errors import OutputError


def output_folder(path: str | os.PathLike[str]) -> Path:
    """Create the folder `path` if it is missing, and check that it can be written to.

    Raises:
        OutputError: `path`, or a part of it, is a file, or writing is not permitted.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise OutputError(f"{folder}: a file stands where the output folder should be; name another folder.") from error
    except OSError as error:
        raise OutputError(f"{folder}: the folder cannot be created ({error.strerror}); name another folder.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{folder}: no permission to write here; change the permissions or name another folder.")
    return folder


def unfinished(path: Path) -> Path:
    """Return where `written_whole` writes what will be `path`; a killed process leaves a file there."""
    return path.with_name(f".{path.name}.partial")


@contextmanager
def written_whole(*paths: Path) -> Iterator[list[Path]]:
    """Yield a temporary path beside each of `paths`; rename them all into place at the end.

    When the body raises, the temporary files are removed and `paths` stay as they were, so a reader never
    meets half a file, nor one file of a pair. What a killed process has left is removed first. Two processes must not
    write one path at the same time.

    Raises:
        OutputError: a path is a folder, or its folder cannot be written to.
    """
    for path in paths:
        output_folder(path.parent)
        if path.is_dir():
            raise OutputError(f"{path}: a folder stands where the file should be; remove it or name another folder.")
    temporary = [unfinished(path) for path in paths]
    with ExitStack() as stack:
        for path in temporary:
            stack.callback(path.unlink, missing_ok=True)
        try:
            for path in temporary:
                path.unlink(missing_ok=True)
            yield temporary
            for source, target in zip(temporary, paths, strict=True):
                source.replace(target)
        except OSError as error:
            raise OutputError(
                f"{paths[0]}: writing failed ({error.strerror or error}); nothing was changed, make room or name "
                "another folder."
            ) from error


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, or of a folder's relative file names and contents, as 64 hexadecimal digits.

    A folder's digest is that of the lines `<digest of the file>  <relative path>\\n`, sorted by path: what
    `sha256sum` prints for the files, digested once more.
    """
    if path.is_dir():
        names = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
        listing = "".join(f"{sha256_of(path / name)}  {name}\n" for name in names)
        return hashlib.sha256(listing.encode()).hexdigest()
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
