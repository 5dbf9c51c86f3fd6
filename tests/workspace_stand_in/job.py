"""The jobs of the workspace, with the states and children that a test sets."""

import re
import uuid
from collections.abc import Iterator
from typing import Any

from .job_body import as_answered
from .message import REGION, Answer, json_answer, service_error
from .resources import WORKSPACE_ID, Resource, Resources
from .run import ENDED, Run, new_run, set_status
from .run_files import RunFiles

_CHANGEABLE = ("description", "tags", "displayName", "properties", "isArchived")
_SET_BY_AZURE = ("status", "services")
_ASSET_ID = re.compile(r"/(data|models)/azureml_(?P<run>.+?)_output_(data_)?(?P<output>.+)/versions/1$")


class Jobs:
    """The jobs. They do not run: a test sets their states.

    Attributes:
        children: The runs of a job's nodes, by the job's name.
        runs: The runs of the jobs themselves, by the job's name.
        files: The logs of the runs, and the types of their outputs.
        outputs: The `azureml://` URI of each output of a run, by the name of the run, which is a job's or a node's.
    """

    def __init__(self, resources: Resources, files: RunFiles):
        """Store the jobs in `resources`, and the files of their runs in `files`."""
        self._resources, self.files = resources, files
        self.children: dict[str, list[Run]] = {}
        self.runs: dict[str, Run] = {}
        self.outputs: dict[str, dict[str, str]] = {}
        self._next_states: dict[str, list[str | tuple[str, dict[str, str]]]] = {}
        self._asked: dict[str, set[str]] = {}
        self._cancels: set[str] = set()

    def __contains__(self, name: str) -> bool:
        """Tell whether there is a job of this name."""
        return f"jobs/{name}" in self._resources.by_path

    def __len__(self) -> int:
        """Return the number of jobs."""
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of all jobs, in the order of their submission."""
        return (key.removeprefix("jobs/") for key in self._resources.by_path if key.startswith("jobs/"))

    def __getitem__(self, name: str) -> Resource:
        """Return the job in Azure's form."""
        return self._resources.by_path[f"jobs/{name}"]

    def submit(self, name: str, properties: Resource, url: str) -> Answer:
        """Accept a new job, or the same job again, whose description, tags and so on may have changed.

        https://github.com/MicrosoftDocs/azure-docs/issues/122250 shows Azure's answer if a different job has the name.
        """
        properties = as_answered(name, properties, self._resources)
        if name in self:
            old = self[name]["properties"]
            changed = [key for key, value in properties.items() if _settled(key) and value != old[key]]
            if changed:
                return service_error(400, _TAKEN.format(", ".join(key.capitalize() for key in changed)))
            labels = {key: properties[key] for key in _CHANGEABLE}
            return json_answer(self._put(name, {**old, **labels}))
        self.runs[name] = new_run(name, properties["displayName"])
        self.children[name] = [self._child(name, node, body) for node, body in properties["jobs"].items()]
        return json_answer(self._put(name, properties), 201, Location=url)

    def _put(self, name: str, properties: Resource) -> Resource:
        job = self._resources.put(f"jobs/{name}", properties)
        for key in ("lastModifiedAt", "lastModifiedBy", "lastModifiedByType"):  # a job shows only who made it
            del job["systemData"][key]
        return job

    def _child(self, parent: str, node: str, body: Resource) -> Run:
        component = self._resources.by_path.get(body.get("componentId", "").removeprefix(f"{self._resources.root}/"))
        name = component["properties"]["componentSpec"]["name"] if component else None
        return new_run(str(uuid.uuid4()), node, parent=parent, component=name)

    def is_child(self, name: str) -> bool:
        """Tell whether the run belongs to a node."""
        return any(child["runId"] == name for children in self.children.values() for child in children)

    def child_resource(self, name: str) -> Resource:
        """Return a node's run as ARM knows it: only that it exists."""
        made = {"createdAt": self.run(name)["createdUtc"], "createdBy": "stand-in", "createdByType": "Application"}
        return {
            "id": f"{self._resources.root}/jobs/{name}",
            "name": name,
            "type": "Microsoft.MachineLearningServices/workspaces/jobs",
            "systemData": made,
        }

    def run(self, name: str) -> Run:
        """Return the run of a job or of a node, without its inputs and outputs.

        Raises:
            KeyError: no job or node has this name.
        """
        if name in self.runs:
            properties = self[name]["properties"]
            labels = {key: properties[key] for key in ("displayName", "description", "tags")}
            return {**self.runs[name], **labels}
        for children in self.children.values():
            for child in children:
                if child["runId"] == name:
                    return child
        raise KeyError(name)

    def set_status(self, name: str, status: str, error: str | None = None, **nodes: str) -> None:
        """Set the state of a job and of its nodes.

        Args:
            name: The job's name.
            status: Running, Completed, Failed, Canceled, ...
            error: Why it failed.
            nodes: The status of single nodes by their names in the graph. If the job is Completed, so are all others.
        """
        self[name]["properties"]["status"] = status
        set_status(self.runs[name], status)
        if error is not None:
            self.runs[name]["error"] = {"error": {"code": "UserError", "message": error}}
        for child in self.children[name]:
            done = "Completed" if status == "Completed" else child["status"]
            set_status(child, nodes.get(child["displayName"], done))

    def will_be(self, name: str, *states: str | tuple[str, dict[str, str]]) -> None:
        """Set the next states of a job. It goes to the next one each time a client repeats a request about the job.

        Args:
            name: The job's name.
            states: The job's status, or that and the status of single nodes by their names.
        """
        self._next_states[name] = list(states)
        self._asked[name] = set()

    def asked(self, name: str, question: str) -> None:
        """Note a request about a job. If it repeats an earlier one, the job goes to its next state."""
        asked = self._asked.setdefault(name, set())
        if question in asked and self._next_states.get(name):
            asked.clear()
            state = self._next_states[name].pop(0)
            status, nodes = (state, {}) if isinstance(state, str) else state
            self.set_status(name, status, **nodes)
        asked.add(question)

    def cancel(self, name: str, operation: str) -> Answer:
        """Cancel a job. Like Azure, this first sets CancelRequested, and refuses if the job has ended.

        Args:
            name: The job's name.
            operation: The address to poll until the cancel request is done.
        """
        if self[name]["properties"]["status"] in ENDED:
            message = f"The pipeline run {name} is in terminal status, it can't be canceled."
            return service_error(400, message, "BadArgument", "ArgumentInvalid", "CancelPipelineRunInTerminalStatus")
        self._cancels.discard(name)
        self.set_status(name, "CancelRequested")
        self.will_be(name, "Canceled")
        timeout = {"x-ms-async-operation-timeout": "PT1H"}
        return json_answer(None, 202, Location=operation, **timeout)

    def cancel_is_passed_on(self, name: str) -> bool:
        """Tell whether the cancel request has reached the job: no at the first call, then yes. The job ends later."""
        passed_on = name in self._cancels
        self._cancels.add(name)
        return passed_on

    def folder_of(self, name: str, output: str) -> tuple[str, str]:
        """Return the run and the port of the node that writes an output of a job. They are the names of its folder.

        Raises:
            KeyError: no node of the job writes this output.
        """
        nodes = self[name]["properties"]["jobs"]
        for child in self.children[name]:
            for port, bound in (nodes[child["displayName"]].get("outputs") or {}).items():
                if bound["value"] == f"${{{{parent.outputs.{output}}}}}":
                    return child["runId"], port
        raise KeyError(f"no node of job {name} writes {output}")

    def node_run(self, name: str, node: str) -> str:
        """Return the id of the run of a job's node."""
        return next(child["runId"] for child in self.children[name] if child["displayName"] == node)

    def typed_outputs(self, name: str) -> dict[str, dict[str, str]]:
        """Return the outputs of a run as the anonymous data assets and models that the workspace makes of them."""
        place = f"azureml://locations/{REGION}/workspaces/{WORKSPACE_ID}"
        models = self._models_of(name)
        typed = {}
        for output in ("default", *self.outputs.get(name, {})):
            kind, word = ("models", "") if output in models else ("data", "data_")
            asset_id = f"{place}/{kind}/azureml_{name}_output_{word}{output}/versions/1"
            typed[output] = {"assetId": asset_id, "type": "MLFlowModel" if output in models else "UriFolder"}
        return typed

    def _models_of(self, name: str) -> set[str]:
        """Return the outputs of a job, or the ports of a node, that are MLflow models."""
        if name in self:
            types = {output: body["jobOutputType"] for output, body in self[name]["properties"]["outputs"].items()}
        else:
            run = self.run(name)
            node = self[run["parentRunId"]]["properties"]["jobs"][run["displayName"]]
            component = self._resources.by_path[node["componentId"].removeprefix(f"{self._resources.root}/")]
            ports = component["properties"]["componentSpec"].get("outputs") or {}
            types = {port: body["type"] for port, body in ports.items()}
        return {output for output, type_ in types.items() if type_ == "mlflow_model"}

    def resolved(self, asset_id: str) -> str | None:
        """Return the `azureml://` URI of an output by its asset id from `typed_outputs`; None if the id is unknown."""
        match = _ASSET_ID.search(asset_id)
        if match is None:
            return None
        if match["output"] == "default":
            folder = f"workspaceartifactstore/paths/ExperimentRun/dcid.{match['run']}/"
            return f"{self._resources.short_uri}/datastores/{folder}"
        return self.outputs.get(match["run"], {}).get(match["output"])


_TAKEN = (
    "A job with this name already exists. If you are trying to create a new job, use a different name. If you are "
    "trying to update an existing job, the existing job's {} cannot be changed. Only description, tags, displayName, "
    "properties, and isArchived can be updated."
)


def _settled(key: str) -> bool:
    return key not in _CHANGEABLE and key not in _SET_BY_AZURE


def details_of(run: Run) -> dict[str, Any]:
    """Return what the run history answers to a client that follows a run."""
    told = ("runId", "status", "startTimeUtc", "endTimeUtc", "error", "warnings", "properties")
    return {**{key: run[key] for key in told}, "logFiles": {}}
