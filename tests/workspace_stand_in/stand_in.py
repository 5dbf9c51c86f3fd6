"""The stand-in: the proxy, the hosts behind it, and the requests that they keep for a test."""

import contextlib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from . import azurite, cloud_metadata, identity, mlflow_service, run_history, workspace
from .azurite import Azurite
from .faults import Faults
from .identity import ServicePrincipal
from .job import Jobs
from .message import Answer, Request, error_answer
from .mlflow_service import MlflowService
from .proxy import Proxy
from .submitted_job import SubmittedJob, read_submitted_job
from .workspace import Workspace


@dataclass
class StandIn:
    """A stand-in for Azure with one workspace in it.

    Attributes:
        workspace: The workspace.
        principal: The service principal that may use it.
        faults: The active faults.
        requests: All requests, in order.
        unknown: The requests without an answer. A test expects none.
        mlflow: The MLflow service; None before `attach_mlflow` is called.
        exchanges: All answered requests, with their answers.
    """

    workspace: Workspace
    azurite: Azurite
    principal: ServicePrincipal = field(default_factory=ServicePrincipal)
    faults: Faults = field(default_factory=Faults)
    requests: list[Request] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    mlflow: MlflowService | None = None
    exchanges: list[tuple[Request, Answer]] = field(default_factory=list)
    proxy_url: str = ""
    authority_file: Path = Path()
    _lock: Lock = field(default_factory=Lock)

    @property
    def jobs(self) -> Jobs:
        """The submitted jobs and their states."""
        return self.workspace.jobs

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead an unmodified client here."""
        loopback = "127.0.0.1,localhost"
        return {
            "HTTPS_PROXY": self.proxy_url,
            "https_proxy": self.proxy_url,
            "NO_PROXY": loopback,
            "no_proxy": loopback,
            "REQUESTS_CA_BUNDLE": str(self.authority_file),
            "SSL_CERT_FILE": str(self.authority_file),
            "AZURE_TENANT_ID": self.principal.tenant,
            "AZURE_CLIENT_ID": self.principal.client,
            "AZURE_CLIENT_SECRET": self.principal.secret,
        }

    @property
    def config(self) -> dict[str, str]:
        """The content of a config.json for this workspace."""
        return {
            "subscription_id": self.workspace.subscription,
            "resource_group": self.workspace.resource_group,
            "workspace_name": self.workspace.name,
        }

    def attach_mlflow(self, server_url: str) -> MlflowService:
        """Let a real MLflow server store the workspace's runs and models from now on."""
        host, principal = workspace.API_HOST, self.principal
        self.mlflow = mlflow_service.attach(server_url, host, self.workspace.id, self.azurite, principal)
        return self.mlflow

    def job_environment(self, run_id: str) -> dict[str, str]:
        """Return the variables of a job's process, which has a token for its run but no service principal."""
        if self.mlflow is None:
            raise RuntimeError("There is no MLflow yet; call attach_mlflow first.")
        way = {name: value for name, value in self.environment.items() if not name.startswith("AZURE_")}
        return {**way, **self.mlflow.environment(run_id)}

    def submitted_job(self, name: str) -> SubmittedJob:
        """Return a job as it was submitted, with the components and snapshots that it names."""
        return read_submitted_job(name, self.workspace.resources, self.azurite)

    def put_output(
        self, job: str, output: str, files: Mapping[str, bytes], *, node: str | None = None, type_: str | None = None
    ) -> None:
        """Write files to an output of a job, as if the job had written them.

        Args:
            job: The job's name.
            output: The output's name.
            files: The files by their paths; exactly one for a UriFile.
            node: The node that has the output; None if it is an output of the job.
            type_: The type in the run history's spelling. The default is MLFlowModel for a declared model, else
                UriFolder.
        """
        run, port = (self.jobs.node_run(job, node), output) if node else self.jobs.folder_of(job, output)
        file = next(iter(files)) if (type_ or "").replace("_", "").lower() == "urifile" else ""
        self.azurite.put(self.workspace.container, f"azureml/{run}/{port}", files)
        uri = f"{self.workspace.resources.short_uri}/datastores/workspaceblobstore/paths/azureml/{run}/{port}/{file}"
        for one, name in {(job, output), (run, port)} - ({(job, output)} if node else set()):
            self.jobs.outputs.setdefault(one, {})[name] = uri
            if type_:
                self.jobs.files.set_type(one, name, type_)

    def put_logs(self, job: str, files: Mapping[str, bytes], *, node: str | None = None) -> None:
        """Write log files of a job, or of one of its nodes."""
        self.jobs.files.put_logs(self.jobs.node_run(job, node) if node else job, files)

    def answer(self, request: Request) -> Answer:
        """Answer a request for any host, and keep both."""
        with self._lock:
            self.requests.append(request)
        answer = self.faults.answer(request, self._answer)
        with self._lock:
            self.exchanges.append((request, answer))
        return answer

    def _answer(self, request: Request) -> Answer:
        if request.host == azurite.HOST:
            return self.azurite.forward(request)
        with self._lock:
            answer = self._ask_host(request)
            if answer is None:
                self.unknown.append(f"{request.method} https://{request.host}{request.target}")
                answer = error_answer(404, "UnknownToStandIn", f"The stand-in has no answer to {request}.")
            return answer

    def _ask_host(self, request: Request) -> Answer | None:
        if request.host == identity.HOST:
            return identity.answer(request, self.principal)
        if request.host == workspace.API_HOST and request.path == "/discovery":
            return run_history.discovery(request.host)
        if request.host == workspace.HOST and request.path == cloud_metadata.PATH:
            return cloud_metadata.answer(request.host)
        if not request.headers.get("authorization", "").startswith("Bearer "):
            return error_answer(
                401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."
            )
        if request.host == workspace.HOST:
            return self.workspace.answer(request)
        if request.host == workspace.API_HOST:
            answer = self.mlflow.answer(request) if self.mlflow else None
            return answer or run_history.answer(request, self.jobs)
        return None


@contextlib.contextmanager
def running_stand_in(azurite: Azurite, folder: Path) -> Iterator[StandIn]:
    """Run a stand-in with a new, empty workspace while the body runs.

    Args:
        azurite: Stores the blobs.
        folder: Where to write the file of the certificate authority.
    """
    name = f"stand-in-{uuid.uuid4().hex[:8]}"  # always a new name, because clients cache what they know of a workspace
    standing = StandIn(Workspace("00000000-0000-4000-8000-000000000000", "stand-in-group", name, azurite), azurite)
    with Proxy(standing.answer, folder) as proxy:
        standing.proxy_url, standing.authority_file = proxy.url, proxy.authority_file
        yield standing
