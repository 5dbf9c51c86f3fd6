"""The jobs of the workspace, their states and their children, as a test wants them."""

import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from .message import Answer, error_answer, json_answer
from .resources import Resource, Resources

_CHANGEABLE = ("description", "tags", "displayName", "properties", "isArchived")
_SET_BY_AZURE = ("status", "services", "parentJobName")


class Jobs:
    """Jobs do not run here: a test says what becomes of them.

    Attributes:
        children: The runs of a job's nodes, by the job's name.
        errors: Why a job failed, by its name.
        outputs: The `azureml://` URI of each output of a job that has written one, by the job's name.
    """

    def __init__(self, resources: Resources):
        """Keep the jobs among `resources`."""
        self._resources = resources
        self.children: dict[str, list[Resource]] = {}
        self.errors: dict[str, str] = {}
        self.outputs: dict[str, dict[str, str]] = {}
        self._next_states: dict[str, list[str | tuple[str, dict[str, str]]]] = {}
        self._asked: dict[str, set[str]] = {}

    def __contains__(self, name: str) -> bool:
        """Whether there is a job of this name."""
        return f"jobs/{name}" in self._resources.by_path

    def __len__(self) -> int:
        """How many there are."""
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of all jobs, in the order of their submission."""
        return (key.removeprefix("jobs/") for key in self._resources.by_path if key.startswith("jobs/"))

    def __getitem__(self, name: str) -> Resource:
        """Return the job as Azure would."""
        return self._resources.by_path[f"jobs/{name}"]

    def submit(self, name: str, properties: Resource) -> Answer:
        """Take a new job, or the same again.

        What Azure answers to a name that is taken by a different job is known from
        https://github.com/MicrosoftDocs/azure-docs/issues/122250; that the same job again is fine is not verified.
        """
        if name in self:
            old = self[name]["properties"]
            changed = [key for key, value in properties.items() if _settled(key) and value != old.get(key)]
            if changed:
                return error_answer(400, "UserError", _TAKEN.format(", ".join(key.capitalize() for key in changed)))
            return json_answer(self._resources.put(f"jobs/{name}", {**old, **properties}))
        services = {
            "Studio": {
                "jobServiceType": "Studio",
                "endpoint": f"https://ml.azure.com/runs/{name}?wsid={self._resources.root}",
            },
            "Tracking": {"jobServiceType": "Tracking", "endpoint": "azureml://"},
        }
        properties = {**properties, "status": "Preparing", "services": services}
        self.children[name] = [self._child(name, node) for node in properties.get("jobs") or {}]
        return json_answer(self._resources.put(f"jobs/{name}", properties), 201)

    def _child(self, parent: str, node: str) -> Resource:
        return {
            "runId": str(uuid.uuid4()),
            "parentRunId": parent,
            "rootRunId": parent,
            "displayName": node,
            "status": "NotStarted",
            "createdUtc": datetime.now(UTC).isoformat(),
            "runType": "azureml.StepRun",
            "experimentId": "55555555-eeee-4eee-8eee-555555555555",
            "tags": {},
            "properties": {"azureml.moduleName": node},
        }

    def set_status(self, name: str, status: str, error: str | None = None, **nodes: str) -> None:
        """Say what became of a job and of its nodes.

        Args:
            name: Of the job.
            status: Running, Completed, Failed, Canceled, ...
            error: Why it failed.
            nodes: The status of single nodes by their names in the graph. All are completed when the job is.
        """
        self[name]["properties"]["status"] = status
        if error is not None:
            self.errors[name] = error
        for child in self.children[name]:
            done = "Completed" if status == "Completed" else child["status"]
            child["status"] = nodes.get(child["displayName"], done)

    def will_be(self, name: str, *states: str | tuple[str, dict[str, str]]) -> None:
        """Let a job go through states: on to the next each time that the same is asked about it once more.

        Args:
            name: Of the job.
            states: Its status, or that and the status of single nodes by their names.
        """
        self._next_states[name] = list(states)
        self._asked[name] = set()

    def asked(self, name: str, question: str) -> None:
        """Take note that somebody asks about a job, which may go on by being looked at."""
        asked = self._asked.setdefault(name, set())
        if question in asked and self._next_states.get(name):
            asked.clear()
            state = self._next_states[name].pop(0)
            status, nodes = (state, {}) if isinstance(state, str) else state
            self.set_status(name, status, **nodes)
        asked.add(question)

    def cancel(self, name: str) -> None:
        """Ask a job to end; Azure takes its time, so that it says CancelRequested first."""
        self.set_status(name, "CancelRequested")
        self.will_be(name, "Canceled")

    def child(self, run_id: str) -> Resource | None:
        """The run of a node as the run history knows it; None if there is no such run."""
        return next((child for found in self.children.values() for child in found if child["runId"] == run_id), None)

    def run(self, name: str) -> dict[str, Any]:
        """The job as the run history knows it."""
        properties = self[name]["properties"]
        run = {
            "runId": name,
            "displayName": properties.get("displayName"),
            "status": properties["status"],
            "runType": "azureml.PipelineRun",
            "tags": properties.get("tags") or {},
            "properties": properties.get("properties") or {},
            "logFiles": {},
            "outputs": {output: {"assetId": uri, "type": "uri_folder"} for output, uri in self._outputs_of(name)},
        }
        if name in self.errors:
            run["error"] = {"error": {"code": "UserError", "message": self.errors[name]}}
        return run

    def _outputs_of(self, name: str) -> Iterable[tuple[str, str]]:
        return self.outputs.get(name, {}).items()


_TAKEN = (
    "A job with this name already exists. If you are trying to create a new job, use a different name. If you are "
    "trying to update an existing job, the existing job's {} cannot be changed. Only description, tags, displayName, "
    "properties, and isArchived can be updated."
)


def _settled(key: str) -> bool:
    return key not in _CHANGEABLE and key not in _SET_BY_AZURE
