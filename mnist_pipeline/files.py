"""Output folders, files that appear whole or not at all, and digests."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mnist_pipeline.errors import OutputError


def output_folder(path: str | os.PathLike[str]) -> Path:
    """Create the folder `path` if it is missing, check that it can be written to, and return it.

    Raises:
        OutputError: `path` or one of its parents is a file, or there is no permission to write.
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
    """Return the temporary file that becomes `path`; a killed process may leave it behind."""
    return path.with_name(f".{path.name}.partial")


@contextmanager
def written_whole(*paths: Path) -> Iterator[list[Path]]:
    """Yield a temporary path beside each of `paths`; rename them all into place at the end.

    If the body raises an exception, the temporary files are removed and `paths` stay as they were. So a reader never
    finds half a file, nor one file of a pair. Temporary files that a killed process left behind are removed first.
    Two processes must not write to the same path at the same time.

    Raises:
        OutputError: a path is a folder, its folder cannot be written to, or writing fails.
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
    """Return the SHA-256 of a file, or of the names and contents of a folder's files, as 64 hexadecimal digits.

    A folder's digest is the SHA-256 of the lines `<digest of the file>  <relative path>\\n`, sorted by path, which is
    what `sha256sum` prints for the files.
    """
    if path.is_dir():
        names = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
        listing = "".join(f"{sha256_of(path / name)}  {name}\n" for name in names)
        return hashlib.sha256(listing.encode()).hexdigest()
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
