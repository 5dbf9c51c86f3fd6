"""Runs a submitted job as Azure would: uploaded snapshots, declared environments, MLflow over `azureml://`."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from azure.ai.ml import MLClient
from azure.ai.ml.entities import PipelineJob
from azure.identity import DefaultAzureCredential
from job_environment import variables_for
from workspace.submitted_plan import plan_of
from workspace_stand_in import StandIn, SubmittedJob

from mnist_pipeline.runner import PipelineRun
from mnist_pipeline.runner.node_call import NodeCall, NodeFailed
from mnist_pipeline.runner.run import carry_out
from mnist_pipeline.runner.subprocess_node import run_in_subprocess


@dataclass
class AzureJob:
    """A submitted job that has run.

    Attributes:
        submitted: The job that the workspace received.
        run: Its result.
        calls: The call of each node: its inputs, and the final folders of its outputs.
        run_ids: The MLflow run of each node.
    """

    stand_in: StandIn
    environments: Callable[[dict], Path]
    submitted: SubmittedJob
    folder: Path
    run: PipelineRun | None = None
    calls: dict[str, NodeCall] = field(default_factory=dict)
    run_ids: dict[str, str] = field(default_factory=dict)

    def carry_out(self, server_url: str) -> None:
        """Run all nodes.

        Raises:
            RunError: a node did not complete.
        """
        plan = plan_of(self.submitted, self.folder / "received")
        self.run = carry_out(
            plan,
            self.folder / "runs",
            tracking_uri=server_url,
            run_node=self._run_first,
            pool=ThreadPoolExecutor(1),
        )
        self.run.raise_for_status()
        for name, node in self.run.nodes.items():
            self.calls[name] = replace(self.calls[name], outputs=node.outputs)

    def again(
        self, name: str, *, run_id: str | None = None, inputs: Mapping = {}, cancel: threading.Event | None = None
    ) -> list[str]:
        """Run a node again; return the lines that it printed.

        Args:
            name: The node's name.
            run_id: The MLflow run; the node's first one if not given.
            inputs: Changed inputs. If there are any, the outputs go to the folder `outputs_of` this run.
            cancel: An event; when it is set, the node is killed.

        Raises:
            NodeFailed: the node did not complete, or was killed.
        """
        run_id = run_id or self.run_ids[name]
        printed: list[str] = []
        call = self.calls[name]
        outputs = {port: self.outputs_of(run_id) / port for port in call.outputs} if inputs else call.outputs
        for folder in outputs.values():
            folder.mkdir(parents=True, exist_ok=True)
        call = replace(
            call,
            inputs={**call.inputs, **inputs},
            outputs=outputs,
            code=Path(f"{call.code}-{len(list(call.code.parent.iterdir()))}"),
            cancel=cancel or threading.Event(),
            print_line=printed.append,
        )
        try:
            self._run(call, run_id)
        except NodeFailed as error:
            error.add_note("\n".join(printed))  # a test that fails shows why
            raise
        return printed

    def outputs_of(self, run_id: str) -> Path:
        """Return the folder for the outputs of a node that ran with changed inputs."""
        return self.folder / "changed" / run_id

    def _run_first(self, call: NodeCall) -> None:
        self.calls[call.node.name] = call
        self.run_ids[call.node.name] = call.environment["MLFLOW_RUN_ID"]
        self._run(call, call.environment["MLFLOW_RUN_ID"])

    def _run(self, call: NodeCall, run_id: str) -> None:
        commands = self.environments(self.submitted.nodes[call.node.name].conda_file)
        variables = {**variables_for(commands), **self.stand_in.job_environment(run_id)}
        run_in_subprocess(replace(call, environment={**call.environment, **variables}))


def submit(
    job: PipelineJob, stand_in: StandIn, server_url: str, environments: Callable[[dict], Path], folder: Path
) -> AzureJob:
    """Submit a job with a plain MLClient, and run the job that the workspace received."""
    config = stand_in.config
    with pytest.MonkeyPatch.context() as patch:
        for name, value in stand_in.environment.items():
            patch.setenv(name, value)
        client = MLClient(
            DefaultAzureCredential(), config["subscription_id"], config["resource_group"], config["workspace_name"]
        )
        name = client.jobs.create_or_update(job).name
    made = AzureJob(stand_in, environments, stand_in.submitted_job(name), folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONPATH", raising=False)
        made.carry_out(server_url)
    return made
