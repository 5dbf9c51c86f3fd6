"""YAML that `az ml` accepts, from a component or a job, with the code that it names beside it."""

import os
import re
import shutil
from pathlib import Path
from typing import Any

from mnist_pipeline.errors import OutputError
from mnist_pipeline.files import output_folder, written_whole
from mnist_pipeline.folders import write_folder
from mnist_pipeline.sdk import code_of, is_local, nodes_of
from mnist_pipeline.workspace.specification import read_specification, to_yaml

_SCHEMAS = "https://azuremlschemas.azureedge.net/latest/"
_DIGITS = 12  # of a snapshot's digest, in the name of its folder
_SNAPSHOT = re.compile(rf".+-[0-9a-f]{{{_DIGITS}}}(\.partial-.+)?")


def export(entity: Any, file: Path, *, replace: bool = True) -> None:
    """Write a component or a pipeline job as YAML, for `az ml component create` or `az ml job create`.

    The snapshots are copied to a folder beside the file, `prep.code` for `prep.yml`, so that both can be moved
    together. Each snapshot has its own folder there, named after its content. The file appears last, so a reader never
    finds a file whose code is missing. Snapshots of an earlier export that the file does not name are deleted.

    Args:
        entity: The component or the job.
        file: Where to write. Paths of local data become relative to it.
        replace: Whether to replace a file that differs from what would be written.

    Raises:
        OutputError: the file or the folder cannot be written, or the file differs and may not be replaced.
    """
    content = read_specification(entity)
    folder = output_folder(file.resolve().parent)
    code = folder / f"{file.stem}.code"
    if entity.type == "pipeline":
        named = [(node.component, _part(content, name)) for name, node in nodes_of(entity)]
    else:
        named = [(entity, content)]
    snapshots = {copy: component for component, part in named if (copy := _name_copy(component, part, code))}
    _relocate(content, folder)
    schema = "pipelineJob" if entity.type == "pipeline" else "commandComponent"
    text = to_yaml({"$schema": f"{_SCHEMAS}{schema}.schema.json", **content})
    if not replace and file.is_file() and file.read_bytes() != text.encode():
        raise OutputError(
            f"{file}: the file exists and differs from what would be written; add --force to replace it, or name "
            "another file."
        )
    for copy, component in snapshots.items():
        _write_copy(component, copy)
    with written_whole(folder / file.name) as (partial,):
        partial.write_text(text, encoding="utf-8")
    for snapshot in code.glob("*"):
        if snapshot not in snapshots and _SNAPSHOT.fullmatch(snapshot.name):
            shutil.rmtree(snapshot, ignore_errors=True)


def _part(content: dict[str, Any], node: str) -> Any:
    """Return the component of a node in the content of a job; a dot in the name leads into a nested pipeline."""
    for name in node.split("."):
        content = content["jobs"][name]["component"]
    return content


def _name_copy(component: Any, content: Any, folder: Path) -> Path | None:
    """Name the copy of a component's snapshot, which will be in `folder`, in the component's content.

    Returns:
        The copy, or None if the component has no code on this machine.
    """
    with code_of(component) as code:
        if code is None:
            return None
        copy = folder / f"{component.name}-{code.sha256[:_DIGITS]}"
    content["code"] = str(copy)
    return copy


def _write_copy(component: Any, copy: Path) -> None:
    with code_of(component) as code:
        assert code is not None  # it has a copy
        try:
            write_folder(copy, {file: path.read_bytes() for file, path in code.files.items()})
        except OSError as error:
            raise OutputError(f"{copy}: the code cannot be copied ({error}); name another file.") from error


def _relocate(part: Any, folder: Path) -> None:
    if not isinstance(part, dict):
        return
    for key in ("code", "path"):
        value = part.get(key)
        if isinstance(value, str) and is_local(value) and Path(value).is_absolute():
            part[key] = Path(os.path.relpath(value, folder)).as_posix()
    for value in part.values():
        _relocate(value, folder)
