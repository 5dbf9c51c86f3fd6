"""YAML that `az ml` accepts, from a component or a job."""

import os
from pathlib import Path
from typing import Any

from mnist_pipeline.files import written_whole
from mnist_pipeline.sdk import is_local
from mnist_pipeline.workspace.specification import read_specification, to_yaml

_SCHEMAS = "https://azuremlschemas.azureedge.net/latest/"


def export(entity: Any, file: Path) -> None:
    """Write a component or a pipeline job as YAML, for `az ml component create` or `az ml job create`.

    Its code and local data are named relative to the file, so that both can be moved together.

    Args:
        entity: The component or the job.
        file: Where to write; an older one is replaced.

    Raises:
        OutputError: the file cannot be written.
    """
    content = read_specification(entity)
    _relocate(content, file.resolve().parent)
    schema = "pipelineJob" if entity.type == "pipeline" else "commandComponent"
    text = to_yaml({"$schema": f"{_SCHEMAS}{schema}.schema.json", **content})
    with written_whole(file) as (partial,):
        partial.write_text(text, encoding="utf-8")


def _relocate(part: Any, folder: Path) -> None:
    if not isinstance(part, dict):
        return
    for key in ("code", "path"):
        value = part.get(key)
        if isinstance(value, str) and is_local(value) and Path(value).is_absolute():
            part[key] = Path(os.path.relpath(value, folder)).as_posix()
    for value in part.values():
        _relocate(value, folder)
