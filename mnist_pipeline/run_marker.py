"""The marker in folders that local runs make, by which the files of runs are told from code."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

MARKER = ".mnist-pipeline-run"
STORE_ARTIFACTS = "mlartifacts"  # the folder of the MLflow store, beside its database
_STORE_DATABASE = re.compile(r"mlflow\.db(-journal|-wal|-shm)?|\.mlflow\.db\..+")  # what SQLite and the runner write


def files_of_runs(root: Path, files: Iterable[str]) -> dict[str, str]:
    """Find those files in a folder that belong to local runs or to the MLflow store beside the runs.

    The folder itself does not count as the folder of a run, so the code of a finished run can run again.

    Args:
        root: The folder.
        files: Names relative to it, with `/`.

    Returns:
        For each such file what it belongs to, relative to `root`: the outermost marked folder above it, or the file
        itself if it is part of the store's database.
    """

    @cache
    def is_marked(folder: str) -> bool:
        return (root / folder / MARKER).is_file()

    found = {}
    for name in files:
        path = Path(name)
        above = [parent.as_posix() for parent in reversed(path.parents)][1:]  # from the outermost, without the root
        owner = next((folder for folder in above if is_marked(folder)), None)
        if owner is None and _STORE_DATABASE.fullmatch(path.name):
            owner = name if is_marked((path.parent / STORE_ARTIFACTS).as_posix()) else None
        if owner is not None:
            found[name] = owner
    return found
