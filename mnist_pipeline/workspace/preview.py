"""What a submit would send, told without a workspace."""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mnist_pipeline.errors import WorkspaceError
from mnist_pipeline.sdk import code_of, data_of, files_below, is_local, nodes_of
from mnist_pipeline.workspace.run_warning import warn_of_runs
from mnist_pipeline.workspace.secret_scan import find_secrets
from mnist_pipeline.workspace.specification import read_specification, to_yaml, validate


@dataclass(frozen=True)
class Upload:
    """Files that a submit would upload, once for all nodes that need them.

    Attributes:
        source: `snapshot` and the start of its digest, or the name and the folder of an input.
        files: Sizes in bytes by the files' names.
        used_by: The nodes that run in this snapshot; empty for an input.
    """

    source: str
    files: dict[str, int]
    used_by: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        """The sum of the sizes in bytes."""
        return sum(self.files.values())


@dataclass(frozen=True)
class Environment:
    """The environment that nodes run in.

    Attributes:
        name: Name in the conda file, or name and version of a registered environment.
        image: Base image; empty for a registered environment.
        packages: What conda and pip install; empty for a registered environment.
        used_by: The nodes that run in it.
    """

    name: str
    image: str
    packages: list[str]
    used_by: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Preview:
    """Everything that a submit would send.

    Attributes:
        job_yaml: The job as YAML.
        snapshots: One entry per content; nodes with the same content share it.
        data: The inputs on this machine.
        environments: One entry per name.
        warnings: A sentence for each upload that includes the files of local runs.
    """

    job_yaml: str
    snapshots: list[Upload]
    data: list[Upload]
    environments: list[Environment]
    warnings: list[str]


def preview(job: Any, known_secrets: Iterable[str] = ()) -> Preview:
    """Validate a job, search it for secrets, and list what a submit would send.

    Args:
        job: The job, placed and named.
        known_secrets: Secrets of this machine, which must not be in the job.

    Raises:
        WorkspaceError: the job is not valid, or something in it looks like a secret.
    """
    validate(job)
    known_secrets = tuple(known_secrets)
    job_yaml = to_yaml(read_specification(job))
    _refuse_secrets_in_yaml(job_yaml, known_secrets)
    snapshots: dict[str, Upload] = {}
    environments: dict[str, Environment] = {}
    warnings: list[str | None] = []
    for name, node in nodes_of(job):
        if isinstance(node.component, str):
            continue
        with code_of(node.component) as snapshot:
            if snapshot is not None:
                if snapshot.sha256 not in snapshots:
                    refuse_secrets(snapshot.files, known_secrets)
                    sizes = {file: path.stat().st_size for file, path in snapshot.files.items()}
                    snapshots[snapshot.sha256] = Upload(f"snapshot {snapshot.sha256[:12]}", sizes)
                    warnings.append(_warn_of_runs_in_code(name, node.component, snapshot.folder, sizes))
                snapshots[snapshot.sha256].used_by.append(name)
        environment = _read_environment(node.component.environment)
        environments.setdefault(environment.name, environment).used_by.append(name)
    data = []
    for name, path in data_of(job).items():
        if is_local(path):
            sizes = {file: local.stat().st_size for file, local in files_below(Path(path)).items()}
            data.append(Upload(f"{name} {path}", sizes))
            warnings.append(warn_of_runs(f"input {name}", Path(path), sizes))
    return Preview(
        job_yaml, list(snapshots.values()), data, list(environments.values()), [text for text in warnings if text]
    )


def _warn_of_runs_in_code(name: str, component: Any, folder: Path, sizes: dict[str, int]) -> str | None:
    written = Path(component.base_path or "", component.code)  # `folder` is a copy if the code has additional includes
    return warn_of_runs(f"the code of node {name}", folder, sizes, written if written.is_dir() else folder)


def refuse_secrets(files: dict[str, Path], known_secrets: Iterable[str]) -> None:
    """Check files that are about to be uploaded.

    Raises:
        WorkspaceError: something in them looks like a secret.
    """
    if findings := find_secrets(files, known_secrets):
        raise WorkspaceError(
            f"nothing was sent, because this looks like a secret: {', '.join(map(str, findings))}; remove it, or if "
            "it is no secret, end its line with the comment `pragma: allowlist secret`."
        )


def _refuse_secrets_in_yaml(job_yaml: str, known_secrets: Iterable[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "job.yaml")
        file.write_text(job_yaml, encoding="utf-8")
        refuse_secrets({"the job's YAML": file}, known_secrets)


def _read_environment(environment: Any) -> Environment:
    if isinstance(environment, str):
        return Environment(environment.removeprefix("azureml:"), "", [])
    conda = environment.conda_file or {}
    packages = [
        package
        for entry in conda.get("dependencies", [])
        for package in (entry.get("pip", []) if isinstance(entry, dict) else [entry])
    ]
    return Environment(conda.get("name") or environment.name, environment.image or "", packages)
