"""A run as the run history knows it: of a job, or of a node of a job, which has no other record."""

import uuid
from datetime import UTC, datetime
from typing import Any

Run = dict[str, Any]

ENDED = ("Completed", "Failed", "Canceled", "NotResponding")
_IDLE = ("NotStarted", "Preparing", "Queued")


def new_run(name: str, display_name: str, *, parent: str | None = None, component: str | None = None) -> Run:
    """Return the record of a run that has not begun.

    Args:
        name: The run's id.
        display_name: Of a job; of a node its name in the graph.
        parent: The job that it belongs to, of a node.
        component: The name of its component, of a node.
    """
    now = datetime.now(UTC).isoformat()
    run: Run = {
        "rootRunId": parent or name,
        "createdUtc": now,
        "error": None,
        "warnings": None,
        "runUuid": str(uuid.uuid4()),
        "lastModifiedUtc": now,
        "runId": name,
        "parentRunId": parent,
        "experimentId": "55555555-eeee-4eee-8eee-555555555555",
        "status": "NotStarted",
        "startTimeUtc": None,
        "endTimeUtc": None,
        "displayName": display_name,
        "name": component,
        "dataContainerId": f"dcid.{name}",
        "description": None,
        "hidden": False,
        "runType": "azureml.PipelineRun",
        "properties": {"azureml.runsource": "azureml.PipelineRun"},
        "parameters": {},
        "tags": {},
        "services": {},
        "inputs": None,
        "outputs": None,
    }
    if parent:
        run["runType"] = "azureml.StepRun"
        run["properties"] = {
            "azureml.runsource": "azureml.StepRun",
            "azureml.moduleName": component,
            "azureml.pipelinerunid": parent,
        }
    return run


def set_status(run: Run, status: str) -> None:
    """Let a run be in a state from now on, and keep when it began and ended."""
    now = datetime.now(UTC).isoformat()
    run["status"], run["lastModifiedUtc"] = status, now
    if status not in _IDLE:
        run["startTimeUtc"] = run["startTimeUtc"] or now
    if status in ENDED:
        run["endTimeUtc"] = run["endTimeUtc"] or now
