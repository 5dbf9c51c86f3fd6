"""The contents of a workspace, as rows of a table."""

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

from mnist_pipeline.sdk import text_of
from mnist_pipeline.workspace.explanation import explained

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

Row: TypeAlias = dict[str, str | int | datetime | None]

KINDS = ("environments", "data", "computes", "components", "models", "jobs")


def list_rows(client: "MLClient", kind: str, limit: int) -> list[Row]:
    """Return up to `limit` rows of one kind. Jobs come newest first.

    Args:
        client: The workspace's client.
        kind: One of KINDS.
        limit: The largest number of rows to return.

    Raises:
        WorkspaceError: the workspace cannot be read.
    """
    with explained(f"list the {kind}"):
        if kind == "computes":
            return _rows(client.compute.list(), limit, _compute)
        if kind == "jobs":
            return _rows(client.jobs.list(), limit, _job)
        operations: dict[str, Any] = {
            "environments": client.environments,
            "data": client.data,
            "components": client.components,
            "models": client.models,
        }
        return _rows(operations[kind].list(), limit, _asset)


def _rows(entities: Iterable[Any], limit: int, to_row: Callable[[Any], Row]) -> list[Row]:
    return [to_row(entity) for entity in islice((entity for entity in entities if entity is not None), limit)]


def _asset(asset: Any) -> Row:
    return {
        "name": asset.name,
        "latest_version": text_of(getattr(asset, "latest_version", None) or asset.version),
        "description": text_of(asset.description).strip().split("\n")[0],
    }


def _compute(compute: Any) -> Row:
    return {
        "name": compute.name,
        "type": compute.type,
        "size": text_of(getattr(compute, "size", None)),
        "min_instances": getattr(compute, "min_instances", None),
        "max_instances": getattr(compute, "max_instances", None),
        "state": text_of(compute.provisioning_state),
    }


def _job(job: Any) -> Row:
    return {
        "name": job.name,
        "display_name": text_of(job.display_name),
        "experiment": text_of(job.experiment_name),
        "type": text_of(job.type),
        "status": text_of(job.status),
        "created": getattr(job.creation_context, "created_at", None),
    }
