"""A warning that an upload includes the files of local runs, with the lines that leave them out."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from mnist_pipeline.run_marker import files_of_runs

_RUN = "20??????-??????-??????"  # the names of runs: the time they started, and six letters
_IGNORE_FILES = (".amlignore", ".gitignore")  # the SDK reads only the first of them that a folder has


def warn_of_runs(what: str, folder: Path, sizes: Mapping[str, int], ignored_in: Path | None = None) -> str | None:
    """Return a warning if the files of local runs are among those that a submit would upload.

    The SDK decides what is uploaded, by the ignore file in the uploaded folder itself: it does not look at ignore files
    in subfolders, and an `.amlignore` switches off a `.gitignore` beside it. So the warning names the file that the SDK
    reads already, and only if there is none, a new `.amlignore`.

    Args:
        what: What is uploaded, as the beginning of a sentence names it.
        folder: The folder that is uploaded.
        sizes: The size of each file in bytes, by its name relative to `folder`.
        ignored_in: Where the ignore file is, if `folder` is a copy.

    Returns:
        One sentence; None if no file belongs to a run.
    """
    found = files_of_runs(folder, sizes)
    if not found:
        return None
    megabytes = sum(sizes[name] for name in found) / 10**6
    home = folder if ignored_in is None else ignored_in
    ignore_file = next((name for name in _IGNORE_FILES if (home / name).is_file()), _IGNORE_FILES[0])
    lines = _lines(folder, set(sizes) - set(found), set(found.values()))
    return (
        f"{what} includes {megabytes:.1f} MB of local runs; to leave them out, add "
        f"{' and '.join(f'`{line}`' for line in lines)} as the last line{'s' * (len(lines) > 1)} of "
        f"{home / ignore_file}."
    )


def _lines(folder: Path, others: set[str], runs: set[str]) -> list[str]:
    """Return the lines for an ignore file in `folder` that leave out `runs` and none of the `others`."""
    lines = []
    for run in sorted(runs):
        parent, name = str(PurePosixPath(run).parent), PurePosixPath(run).name
        true_path = (folder / run).resolve()
        pattern = _RUN if fnmatchcase(name, _RUN) else _escaped(name)  # the same line for all runs, future ones too
        pattern += "/" * true_path.is_dir()
        if not true_path.is_relative_to(folder.resolve()):
            lines.append(pattern)  # below a link: the SDK compares the true path, so the line must fit anywhere
        elif parent != "." and not any(other.startswith(f"{parent}/") for other in others):
            lines.append(f"/{_escaped(parent)}/")  # nothing but runs is in there
        else:
            lines.append(f"/{_escaped(parent)}/{pattern}" if parent != "." else f"/{pattern}")
    return list(dict.fromkeys(lines))


def _escaped(name: str) -> str:
    return re.sub(r"([\\*?\[\]])", r"\\\1", name)
