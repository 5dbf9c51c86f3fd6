"""Run the probe's jobs in a workspace and collect their results."""

import json
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mnist_pipeline.errors import WorkspaceError
from mnist_pipeline.sdk import error_of_run, text_of
from mnist_pipeline.workspace.explanation import explained, status_of
from mnist_pipeline.workspace.job.downloading import Amount, download
from mnist_pipeline.workspace.job.following import JobState, follow
from mnist_pipeline.workspace.job.nodes import NodeState
from mnist_pipeline.workspace.job.submission import find_job, new_name, submit
from mnist_pipeline.workspace.preview import preview
from mnist_pipeline.workspace.probe.facts import COMPLETED, JobFacts, NodeFacts, Observation
from mnist_pipeline.workspace.probe.jobs import AGAIN, MODEL, STEPS, TRACKING, ProbeJob, make
from mnist_pipeline.workspace.probe.questions import (
    look_for_missing_data,
    look_for_missing_job,
    name_missing_compute,
    send_again,
    take_name,
)

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

_REPORT = "report.json"
_REUSED = "azureml.isreused"  # a property of a child, "true" if Azure reused an earlier run's outputs


class OutOfTimeError(Exception):
    """The jobs took longer than the probe was told to wait."""


class Trial:
    """The probe's jobs in one workspace.

    Attributes:
        facts: The result of each job that was sent, by its name among the probe's jobs.
        asked: The result of each request, by the assumption's name.
        names: The workspace's names of all jobs that may exist there.
    """

    def __init__(
        self, client: "MLClient", jobs: Iterable[ProbeJob], code: Path, say: Callable[[str], None], seconds: float
    ) -> None:
        """Prepare the jobs. This sends nothing yet.

        Args:
            client: The workspace's client.
            jobs: The jobs to send.
            code: The folder of the snapshot.
            say: Prints a line for the person who waits.
            seconds: How long to wait for the jobs at most.
        """
        self.facts: dict[str, JobFacts] = {}
        self.asked: dict[str, Observation] = {}
        self.names: list[str] = []
        self._client = client
        self._jobs = {job.name: job for job in jobs}
        self._code = code
        self._say = say
        self._deadline = time.monotonic() + seconds

    def check(self, known_secrets: Iterable[str]) -> None:
        """Check the jobs before they are sent.

        Raises:
            WorkspaceError: a job is invalid, or something in it looks like a secret.
        """
        known_secrets = tuple(known_secrets)
        for job in self._jobs.values():
            preview(make(job, self._code), known_secrets)

    def run(self) -> None:
        """Send the jobs, wait until they end, and collect their results. A refusal or a failure is also a result."""
        first = [job for job in self._jobs.values() if job.name != AGAIN]
        for job in first:
            self._send(job)
        self._ask()
        try:
            for job in first:
                self._await(job)
            if self.facts[STEPS].status == COMPLETED:
                self._send(self._jobs[AGAIN])
                self._await(self._jobs[AGAIN])
        except OutOfTimeError:
            self._say("The time is up; jobs that are still running are canceled.")
            for name, facts in self.facts.items():
                if facts.accepted and not facts.status:
                    self._record(self._jobs[name])

    def _send(self, job: ProbeJob) -> None:
        name = new_name(f"probe-{job.name}")
        self.names.append(name)
        self.facts[job.name] = JobFacts(name, nodes={node: NodeFacts() for node in job.nodes})
        try:
            sent = submit(self._client, make(job, self._code), name)
        except WorkspaceError as error:
            self._know(job, accepted=None if _is_unclear(error) else False, words=str(error))
            self._say(f"{job.name}: {error}")
        else:
            self._know(job, accepted=True)
            self._say(f"{job.name}: {sent.name} submitted  {sent.url}")

    def _ask(self) -> None:
        """Send the requests that check assumptions, now that there is a job."""
        model, asked = self._jobs[MODEL], self.asked
        asked["job-missing"] = look_for_missing_job(self._client)
        asked["data-missing"] = look_for_missing_data(self._client)
        nowhere = make(replace(model, compute="mnist-pipeline-no-such-compute"), self._code)
        nowhere.name = new_name("probe-nowhere")
        self.names.append(nowhere.name)
        asked["compute-missing"] = name_missing_compute(self._client, nowhere)
        if self.facts[MODEL].accepted:
            again, other = make(model, self._code), make(self._jobs[TRACKING], self._code)
            again.name = other.name = self.facts[MODEL].name
            asked["job-sent-again"] = send_again(self._client, again)
            asked["name-taken"] = take_name(self._client, other)

    def _await(self, job: ProbeJob) -> None:
        facts = self.facts[job.name]
        if not facts.accepted:
            return
        try:
            follow(self._client, facts.name, lambda state: self._say(_line(job, state)), sleep=self._sleep)
        except WorkspaceError as error:
            self._say(f"{job.name}: {error}")
        self._record(job)

    def _sleep(self, seconds: float) -> None:
        if time.monotonic() > self._deadline:
            raise OutOfTimeError
        time.sleep(seconds)

    def _record(self, job: ProbeJob) -> None:
        """Record the state of a job and of its nodes."""
        name = self.facts[job.name].name
        try:
            found = find_job(self._client, name)
            with explained(f"list the nodes of job {name}"):
                children = [child for child in self._client.jobs.list(parent_job_name=name) if child is not None]
        except WorkspaceError as error:
            self._say(f"{job.name}: {error}")
            return
        shown = {str(child.display_name or child.name): child for child in children}
        nodes = {}
        for node, output in job.nodes.items():
            child = shown.get(node)
            status = text_of(child.status) if child else ""
            words = error_of_run(self._client, str(child.name)) if child and status == "Failed" else ""
            reused = child is not None and _is_reused(child.properties)
            nodes[node] = NodeFacts(status, words, reused)
            if output and (status == COMPLETED or not child):
                nodes[node] = self._fetch(nodes[node], name, output)
        if (
            job.name == MODEL
            and (wrote := (nodes["write_node"].checks or {}).get("model-output-folder"))
            and wrote.holds
        ):
            self.asked["model-output-download"] = self._fetch_model(name)
        self._know(
            job,
            status=found.status if found else "",
            nodes=nodes,
            shown=tuple(shown),
            any_reused=any(_is_reused(child.properties) for child in children),
        )

    def _fetch(self, node: NodeFacts, name: str, output: str) -> NodeFacts:
        with tempfile.TemporaryDirectory() as folder:
            try:
                download(self._client, name, output, Path(folder, output), _say_nothing)
                content = json.loads(Path(folder, output, _REPORT).read_text(encoding="utf-8"))
            except (WorkspaceError, OSError, ValueError) as error:
                return replace(node, no_report=f"cannot download its report: {error}")
        return replace(node, checks={check: Observation(**found) for check, found in content["checks"].items()})

    def _fetch_model(self, name: str) -> Observation:
        with tempfile.TemporaryDirectory() as folder:
            try:
                download(self._client, name, "model", Path(folder, "model"), _say_nothing)
            except WorkspaceError as error:
                return Observation(False, str(error))
            files = sorted(file.name for file in Path(folder).rglob("*") if file.is_file())
        return Observation("MLmodel" in files, f"downloaded {', '.join(files)}")

    def _know(self, job: ProbeJob, **changes: object) -> None:
        self.facts[job.name] = replace(self.facts[job.name], **changes)  # type: ignore[arg-type]


def _is_unclear(error: WorkspaceError) -> bool:
    """Tell whether Azure may have accepted the job despite the error: only a status 4xx is a refusal."""
    status = status_of(error.__cause__) if isinstance(error.__cause__, Exception) else None
    return status is None or not 400 <= status < 500


def _is_reused(properties: Mapping[str, str] | None) -> bool:
    return str((properties or {}).get(_REUSED, "")).lower() == "true"


def _line(job: ProbeJob, state: NodeState | JobState) -> str:
    return f"{job.name}: {getattr(state, 'node', state.job)}  {state.status}"


def _say_nothing(_: Amount) -> None:
    """Report no progress: the probe's downloads are small."""
