"""The fixtures; a conftest.py imports them where they are needed."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from .stand_in import StandIn, running_stand_in

# What would lead a client elsewhere, or tell it of a workspace or a credential of the person who runs the tests.
_ELSEWHERE = ("AZURE_", "AZUREML_", "ARM_", "IDENTITY_", "MSI_", "MLFLOW_", "HTTP_PROXY", "http_proxy", "ALL_PROXY")


@pytest.fixture
def stand_in(azurite, tmp_path_factory):
    """A running stand-in with an empty workspace of its own."""
    with running_stand_in(azurite, tmp_path_factory.mktemp("stand_in")) as stand_in:
        yield stand_in


@pytest.fixture
def azure_environment(stand_in, monkeypatch):
    """The variables that lead clients of this process and its children to the stand-in, set; a dictionary of them."""
    led_to(stand_in, monkeypatch)
    return stand_in.environment


def led_to(stand_in: StandIn, patch: pytest.MonkeyPatch) -> None:
    """Set the variables that lead clients to a stand-in, and take away those that lead elsewhere."""
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
def completing(stand_in: StandIn) -> Iterator[None]:
    """Let every job that is submitted run and complete, as long as the body lasts."""
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
