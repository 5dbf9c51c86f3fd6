"""The snapshot of a step: the files that it imports, found in the source and copied to a folder of their own.

This module runs where jobs are made. No snapshot holds it.
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
_STAND_IN = "components/mnist_pipeline.py"  # what a job finds as `mnist_pipeline`
_NOT_IN_A_JOB = ("components/snapshot.py", "components/plain_call.py")
_DAYS_KEPT = 30  # a snapshot takes about 100 kB, and every edit of the package makes new ones


def snapshot_folder(source: str) -> Path:
    """Return a folder that holds just the files that a step imports, for `code=` of its component.

    The folder is in the user's cache and is named after its content, so it stays the same until one of these files
    changes. It appears whole. Each call checks it, and replaces it if somebody has changed it. Folders that were not
    asked for in 30 days are deleted. If the cache cannot be written to, the folder is a temporary one that is deleted
    when the process ends.

    Args:
        source: The component file or script that the step starts with, relative to the package, for example
            `components/train_script.py`.

    Raises:
        FileNotFoundError: the package has no such file.
        OSError: neither the cache nor a temporary folder can be written to.
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

    Imports count wherever they stand in a file, except below `if TYPE_CHECKING:`. Modules that are imported under a
    computed name are not found, nor are data files; no step uses either.

    Args:
        package: The package's folder.
        source: A file of the package, relative to it.

    Returns:
        The content of the files by their names relative to the package, with `/`, in alphabetical order. They include
        `source`, the `__init__.py` of each folder on the way, and in place of the package's own `__init__.py` the file
        that stands in for it inside a job.

    Raises:
        FileNotFoundError: the package has no file `source`.
    """
    found: dict[str, bytes] = {}
    waiting = [source, _STAND_IN]
    seen = {*waiting, *_NOT_IN_A_JOB}
    while waiting:
        name = waiting.pop()
        found[name] = (package / name).read_bytes()
        candidates = _candidates(found[name], ".".join([package.name, *name.split("/")[:-1]])) - seen
        # Path.is_file takes several times as long, and this runs for every node of a pipeline.
        waiting += [candidate for candidate in candidates if os.path.isfile(f"{package}/{candidate}")]  # noqa: PTH113
        seen |= candidates
    return dict(sorted(found.items()))


@lru_cache(maxsize=1024)  # the steps have most of their files in common
def _candidates(source: bytes, package: str) -> frozenset[str]:
    """Return the files that the imports of a file in `package` run, as far as they exist.

    `import a.b` runs `a/__init__.py` and then `a/b.py` or `a/b/__init__.py`, and `from a import b` may do so too.
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
    """Delete the folders that were not asked for in a long time, and what killed processes have left."""
    oldest = time.time() - _DAYS_KEPT * 24 * 60 * 60
    for folder in cache.iterdir():
        with contextlib.suppress(OSError):  # another process deletes it too
            if folder.stat().st_mtime < oldest:
                shutil.rmtree(folder)


@lru_cache(maxsize=1)
def _temporary_cache() -> Path:
    """Make a folder that only this user can read; it is deleted when the process ends."""
    folder = tempfile.mkdtemp(prefix="mnist-pipeline-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
