"""The runs in a folder, as a table."""

import json
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnist_pipeline.errors import RunError
from mnist_pipeline.runner.status import Status

if TYPE_CHECKING:
    from pandas import DataFrame

_COLUMNS = {
    "name": "string",
    "pipeline": "string",
    "status": "string",
    "started": "datetime64[ns, UTC]",
    "duration": "float64",
    "folder": "object",
}


def read_runs(output_dir: str | os.PathLike[str] = "mnist-runs") -> "DataFrame":
    """Return the runs in a folder as a table, one row per run, the oldest first.

    A folder without a `plan.json` is not a run and is left out. A run whose files cannot be read is left out too, with
    a warning that names the file.

    Args:
        output_dir: The folder that was given to `run_locally`.

    Returns:
        A table with the columns
        `name` (string), the name of the run and of its folder;
        `pipeline` (string), the name of the job;
        `status` (string), as in `Status`: `NotStarted` until the first node can start, and `Running` for good if the
        program was killed;
        `started` (datetime64[ns, UTC]), missing for `NotStarted`;
        `duration` (float64), the whole seconds from start to end, missing until the run ends;
        `folder` (object), the run's folder as an absolute `Path`.

    Raises:
        RunError: `output_dir` is not a folder.
    """
    from pandas import DataFrame

    folder = Path(output_dir)
    if not folder.is_dir():
        raise RunError(f"{folder}: no such folder; give the output folder of your runs.")
    rows = []
    for plan_file in folder.resolve().glob("*/plan.json"):
        try:
            rows.append(_read_run(plan_file.parent))
        except _UnreadableFile as error:
            warnings.warn(f"{error}; this run is left out.", stacklevel=2)
    table = DataFrame(rows, columns=list(_COLUMNS)).astype(_COLUMNS)
    return table.sort_values(["started", "name"], ignore_index=True)


class _UnreadableFile(Exception):  # noqa: N818 - becomes a warning
    """A file of a run cannot be read; the message names the file and says why."""


def _read_run(folder: Path) -> dict[str, Any]:
    row: dict[str, Any] = {"name": folder.name, "folder": folder, "status": Status.NOT_STARTED}
    with _naming(folder / "plan.json") as file:
        row["pipeline"] = str(json.loads(file.read_text(encoding="utf-8"))["name"])
    if not (folder / "status.json").exists():
        return row
    with _naming(folder / "status.json") as file:
        state = json.loads(file.read_text(encoding="utf-8"))
        row["status"] = Status(state["status"])
        row["started"] = _time(state["started"])
        if state["ended"] is not None:
            row["duration"] = (_time(state["ended"]) - row["started"]).total_seconds()
    return row


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return time.astimezone(UTC)


@contextmanager
def _naming(file: Path) -> Iterator[Path]:
    """Yield `file`; raise _UnreadableFile if the body meets something that no run writes."""
    try:
        yield file
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _UnreadableFile(f"{file} is not the file of a run ({type(error).__name__}: {error})") from error
