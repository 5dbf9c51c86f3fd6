"""The unmodified client's reaction to each fault. The tests of the commands check our own error messages."""

import time

import pytest
from azure.ai.ml import MLClient, command
from azure.ai.ml.entities import Environment
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceRequestError,
)
from azure.identity import ClientSecretCredential, DefaultAzureCredential

JOBS = "/jobs/"
COMPUTES = "/computes/"


@pytest.fixture
def submit(client):
    """A function that submits the smallest possible job."""

    def submit(**changes):
        settings = {"name": "greet", "compute": "cpu-cluster", **changes}
        return client.jobs.create_or_update(
            command(command="echo hello", environment=Environment(image="python:3.11"), **settings)
        )

    return submit


@pytest.fixture(autouse=True)
def _every_request_is_known(stand_in):
    yield
    assert stand_in.unknown == []


def puts_of_jobs(stand_in):
    return [request for request in stand_in.requests if request.method == "PUT" and JOBS in request.path]


def test_without_a_fault_a_job_is_put_once(stand_in, submit):
    submit()

    assert list(stand_in.jobs) == ["greet"]
    assert len(puts_of_jobs(stand_in)) == 1


def test_a_throttled_client_waits_and_tries_again(stand_in, submit):
    stand_in.faults.throttle("PUT", JOBS, seconds=1)

    started = time.monotonic()
    submit()

    assert time.monotonic() - started >= 1
    assert len(puts_of_jobs(stand_in)) == 2
    assert list(stand_in.jobs) == ["greet"]


def test_two_internal_errors_are_tried_again(stand_in, submit):
    stand_in.faults.status("PUT", JOBS, 500, times=2)

    submit()

    assert len(puts_of_jobs(stand_in)) == 3
    assert list(stand_in.jobs) == ["greet"]


def test_a_dropped_connection_is_tried_again(stand_in, submit):
    stand_in.faults.drop("PUT", JOBS, times=1)

    submit()

    assert len(puts_of_jobs(stand_in)) == 2
    assert list(stand_in.jobs) == ["greet"]


def test_a_lost_answer_makes_no_second_job(stand_in, submit):
    stand_in.faults.lose_answer("PUT", JOBS)

    submit()

    assert len(puts_of_jobs(stand_in)) == 2
    assert list(stand_in.jobs) == ["greet"]


def test_a_slow_answer_is_waited_for(stand_in, submit):
    slow = stand_in.faults.slow("PUT", JOBS, seconds=2)

    assert submit().status == "NotStarted"
    assert slow.seen == 1


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (401, ClientAuthenticationError, "InvalidAuthenticationToken"),
        (403, HttpResponseError, "AuthorizationFailed.*does not have authorization"),
        (404, ResourceNotFoundError, "ResourceNotFound"),
        (409, ResourceExistsError, "Conflict"),
    ],
)
def test_a_refusal_is_not_tried_again(stand_in, submit, status, error, words):
    stand_in.faults.status("PUT", JOBS, status)

    with pytest.raises(error, match=words):
        submit()

    assert len(puts_of_jobs(stand_in)) == 1
    assert list(stand_in.jobs) == []


def test_a_connection_that_always_drops_is_an_error_in_the_end(stand_in, client):
    dropped = stand_in.faults.drop("GET", COMPUTES)

    with pytest.raises(ServiceRequestError):  # behind a proxy; a direct connection ends in a ServiceResponseError
        client.compute.get("cpu-cluster")

    assert dropped.seen == 4  # one request and three retries


def test_a_cleared_fault_no_longer_happens(stand_in, client):
    stand_in.faults.status("GET", COMPUTES, 403)
    with pytest.raises(HttpResponseError):
        client.compute.get("cpu-cluster")

    stand_in.faults.clear()

    assert client.compute.get("cpu-cluster").size == "STANDARD_DS3_V2"


def test_a_job_under_the_name_of_another_job_is_refused(stand_in, submit):
    submit()

    with pytest.raises(HttpResponseError, match="A job with this name already exists"):
        submit(experiment_name="another")

    assert stand_in.jobs["greet"]["properties"]["experimentName"] != "another"


def test_an_unknown_compute_is_refused(stand_in, submit):
    with pytest.raises(Exception, match="nowhere"):
        submit(compute="nowhere")

    assert list(stand_in.jobs) == []


@pytest.mark.usefixtures("azure_environment")
def test_an_unknown_workspace_is_not_found(stand_in):
    config = stand_in.config
    client = MLClient(DefaultAzureCredential(), config["subscription_id"], config["resource_group"], "elsewhere")

    with pytest.raises(ResourceNotFoundError, match=r"workspaces/elsewhere.*was not found"):
        client.workspaces.get("elsewhere")


@pytest.mark.usefixtures("azure_environment")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"client_secret": "wrong"}, "AADSTS7000215"),
        ({"client_id": "66666666-ffff-4fff-8fff-666666666666"}, "AADSTS700016"),
        ({"tenant_id": "77777777-aaaa-4aaa-8aaa-777777777777"}, "77777777.*double check your tenant name"),
    ],
)
def test_a_wrong_credential_gets_entras_message(stand_in, changes, words):
    principal = stand_in.principal
    right = {"tenant_id": principal.tenant, "client_id": principal.client, "client_secret": principal.secret}
    credential = ClientSecretCredential(**{**right, **changes})

    with pytest.raises(Exception, match=words):
        credential.get_token("https://management.azure.com/.default")


def test_an_expired_secret_gets_entras_message(stand_in, client):
    stand_in.faults.expired_secret()

    with pytest.raises(ClientAuthenticationError, match="AADSTS7000222"):
        client.compute.get("cpu-cluster")
