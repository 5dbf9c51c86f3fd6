"""The snapshot of a step: the files that it imports, found in their source and copied to a folder of their own.

This runs where jobs are made. A job runs without this file.
"""

import ast
import atexit
import contextlib
import hashlib
import importlib.util
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from mnist_pipeline.folders import write_folder

_PACKAGE = Path(__file__).resolve().parents[1]
_STAND_IN = "components/mnist_pipeline.py"  # a job imports it by itself
_NOT_IN_A_JOB = "components/snapshot.py"
_DAYS_KEPT = 30  # a snapshot has about 100 kB, and every edit of the package makes new ones


def snapshot_folder(source: str) -> Path:
    """Return a folder that holds just the files that a step imports, for `code=` of its component.

    The folder is in the user's cache and is named after its content: the same files are always in the same folder, so
    a change in a file that the step does not import changes nothing. The folder appears whole. It is checked each time
    and replaced if somebody has changed it. Folders that nobody has asked for in 30 days are deleted. Where the cache
    cannot be written to, the folder is in a temporary folder that is deleted when the process ends.

    Args:
        source: The component file or script that the step starts with, relative to the package:
            `components/train_script.py`.

    Raises:
        FileNotFoundError: the package has no such file.
    """
    import pooch

    files = imported_files(_PACKAGE, source)
    name = f"{Path(source).stem}-{_digest(files)}"
    try:
        return _folder_of(files, Path(pooch.os_cache("mnist-pipeline"), "snapshots"), name)
    except OSError:
        return _folder_of(files, _temporary_cache(), name)


def imported_files(package: Path, source: str) -> dict[str, bytes]:
    """Find the files of a package that one of its files imports, directly or through other files.

    Imports are found wherever they stand in a file, except below `if TYPE_CHECKING:`. Modules that are imported by a
    name that is computed are not found, nor are data files; no step needs any.

    Args:
        package: The package's folder.
        source: A file of the package, relative to it.

    Returns:
        Names relative to the package, with `/`, in alphabetical order, and the files' content. Among them are `source`,
        the `__init__.py` of each folder on the way except the package's own, and the file that stands in for that.

    Raises:
        FileNotFoundError: the package has no file `source`.
    """
    found: dict[str, bytes] = {}
    waiting = [source, _STAND_IN]
    seen = {*waiting, _NOT_IN_A_JOB}
    while waiting:
        name = waiting.pop()
        found[name] = (package / name).read_bytes()
        candidates = _candidates(found[name], ".".join([package.name, *name.split("/")[:-1]])) - seen
        waiting += [candidate for candidate in candidates if os.path.isfile(f"{package}/{candidate}")]  # noqa: PTH113 - fast
        seen |= candidates
    return dict(sorted(found.items()))


@lru_cache(maxsize=1024)  # the steps have most of their files in common
def _candidates(source: bytes, package: str) -> frozenset[str]:
    """Return the files that would be run for the imports of a file in `package`, if they exist.

    Importing `a.b` runs the `__init__.py` of `a` and then `a/b.py` or `a/b/__init__.py`; so may `from a import b`.
    """
    modules: list[str] = []
    for statement in _statements(ast.parse(source).body):
        if isinstance(statement, ast.Import):
            modules += [alias.name for alias in statement.names]
        elif isinstance(statement, ast.ImportFrom):
            module = importlib.util.resolve_name("." * statement.level + (statement.module or ""), package)
            modules += [f"{module}.{alias.name}" for alias in statement.names]
    own = [module.split(".")[1:] for module in modules if module.split(".")[0] == package.split(".")[0]]
    paths = {"/".join(parts[:depth]) for parts in own for depth in range(1, len(parts) + 1)}
    return frozenset(f"{path}{ending}" for path in paths for ending in (".py", "/__init__.py"))


def _statements(block: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Yield the statements of a block and of the blocks in it, without those that only a type checker reads."""
    for statement in block:
        yield statement
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            if name != "body" or not _is_for_type_checker(statement):
                yield from _statements(getattr(statement, name, ()))


def _is_for_type_checker(statement: ast.AST) -> bool:
    return isinstance(statement, ast.If) and ast.unparse(statement.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def _digest(files: dict[str, bytes]) -> str:
    lines = (f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def _folder_of(files: dict[str, bytes], cache: Path, name: str) -> Path:
    folder = cache / name
    is_new = not folder.exists()
    write_folder(folder, files)
    with contextlib.suppress(OSError):  # a cache that came with a container image may be read-only
        os.utime(folder)
    if is_new:
        _delete_old(cache)
    return folder


def _delete_old(cache: Path) -> None:
    """Delete the folders that nobody has asked for in a long time, and what killed processes have left."""
    oldest = time.time() - _DAYS_KEPT * 24 * 60 * 60
    for folder in cache.iterdir():
        with contextlib.suppress(OSError):  # another process deletes it too
            if folder.stat().st_mtime < oldest:
                shutil.rmtree(folder)


@lru_cache(maxsize=1)
def _temporary_cache() -> Path:
    """Make a folder that this user alone can read and that is deleted when the process ends."""
    folder = tempfile.mkdtemp(prefix="mnist-pipeline-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
