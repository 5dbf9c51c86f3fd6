"""A run in the run history: that of a job, or that of a node, which has no other record."""

import uuid
from datetime import UTC, datetime
from typing import Any

Run = dict[str, Any]

ENDED = ("Completed", "Failed", "Canceled", "NotResponding")
_IDLE = ("NotStarted", "Preparing", "Queued")


def new_run(name: str, display_name: str, *, parent: str | None = None, component: str | None = None) -> Run:
    """Return the record of a run that has not started.

    Args:
        name: The run's id.
        display_name: The job's display name, or the node's name in the graph.
        parent: The job that a node belongs to; None for a job.
        component: The name of a node's component; None for a job.
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
    """Set the state of a run, and its start and end time."""
    now = datetime.now(UTC).isoformat()
    run["status"], run["lastModifiedUtc"] = status, now
    if status not in _IDLE:
        run["startTimeUtc"] = run["startTimeUtc"] or now
    if status in ENDED:
        run["endTimeUtc"] = run["endTimeUtc"] or now
