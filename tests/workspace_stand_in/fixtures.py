"""The fixtures. A conftest.py imports the ones that its tests need."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from .stand_in import StandIn, running_stand_in

# Variables that would lead a client elsewhere, to the workspace or credential of the person who runs the tests.
_ELSEWHERE = ("AZURE_", "AZUREML_", "ARM_", "IDENTITY_", "MSI_", "MLFLOW_", "HTTP_PROXY", "http_proxy", "ALL_PROXY")


@pytest.fixture
def stand_in(azurite, tmp_path_factory):
    """A running stand-in with a new, empty workspace."""
    with running_stand_in(azurite, tmp_path_factory.mktemp("stand_in")) as stand_in:
        yield stand_in


@pytest.fixture
def azure_environment(stand_in, monkeypatch):
    """Set the variables that lead clients in this process and its children to the stand-in; return them."""
    lead_clients_to(stand_in, monkeypatch)
    return stand_in.environment


def lead_clients_to(stand_in: StandIn, patch: pytest.MonkeyPatch) -> None:
    """Set the variables that lead clients to a stand-in, and remove those that lead elsewhere."""
    for name in list(os.environ):
        if name.startswith(_ELSEWHERE):
            patch.delenv(name)
    for name, value in stand_in.environment.items():
        patch.setenv(name, value)


@pytest.fixture
def client(stand_in, azure_environment):  # noqa: ARG001 - the credential reads the variables
    """A plain MLClient for the stand-in's workspace."""
    from azure.ai.ml import MLClient
    from azure.identity import DefaultAzureCredential

    config = stand_in.config
    return MLClient(
        DefaultAzureCredential(), config["subscription_id"], config["resource_group"], config["workspace_name"]
    )


@contextmanager
def inside_a_job(stand_in: StandIn, tracking_server: str, experiment: str) -> Iterator[str]:
    """Give this process a job's environment while the body runs, with MLflow over `azureml://`; yield the run's id."""
    import mlflow

    service = stand_in.mlflow or stand_in.attach_mlflow(tracking_server)
    run_id = service.start_run("node", experiment)
    previous = mlflow.get_tracking_uri() if mlflow.is_tracking_uri_set() else None
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(_ELSEWHERE)]:
            patch.delenv(name)
        for name, value in stand_in.job_environment(run_id).items():
            patch.setenv(name, value)
        mlflow.set_tracking_uri(None)
        try:
            yield run_id
        finally:
            mlflow.set_tracking_uri(previous)


@contextmanager
def completing(stand_in: StandIn) -> Iterator[None]:
    """While the body runs, let every submitted job run and complete."""
    over = threading.Event()

    def complete() -> None:
        seen: set[str] = set()
        while not over.wait(0.05):
            for name in set(stand_in.jobs) - seen:
                seen.add(name)
                stand_in.jobs.will_be(name, "Running", "Completed")

    thread = threading.Thread(target=complete)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
