"""The command doctor, and the error sentence for each fault."""

import json

import pytest
from workspace_stand_in.message import service_error

pytest_plugins = ["command"]

COMPUTES = "/computes"


def test_doctor_passes_every_check_of_a_usable_workspace(azure, stand_in):
    finished = azure("doctor", "--json")

    assert finished.code == 0
    checks = {row["check"]: row for row in json.loads(finished.output)}
    assert list(checks) == ["configuration", "credential", "workspace", "computes"]
    assert {row["passed"] for row in checks.values()} == {True}
    assert "config.json" in checks["configuration"]["finding"]
    assert "gpu-cluster (amlcompute)" in checks["computes"]["finding"]
    assert stand_in.unknown == []


def test_doctor_without_settings_says_how_to_give_them_and_skips_the_rest(typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("AZUREML_ARM_SUBSCRIPTION", "AZUREML_ARM_RESOURCEGROUP", "AZUREML_ARM_WORKSPACE_NAME"):
        monkeypatch.delenv(name, raising=False)

    finished = typed("doctor")

    finished.assert_one_sentence("the configuration check failed")
    assert "AZUREML_ARM_SUBSCRIPTION" in finished.output
    assert finished.output.count("skipped") == 3


def expire(stand_in, _):
    stand_in.faults.expired_secret()


def wrong_secret(_, monkeypatch):
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "another-secret-altogether")


def wrong_tenant(_, monkeypatch):
    monkeypatch.setenv("AZURE_TENANT_ID", "99999999-aaaa-4aaa-8aaa-999999999999")


def wrong_client(_, monkeypatch):
    monkeypatch.setenv("AZURE_CLIENT_ID", "99999999-aaaa-4aaa-8aaa-999999999999")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (expire, "the secret in AZURE_CLIENT_SECRET has expired; create a new one"),
        (wrong_secret, "AZURE_CLIENT_SECRET is not a secret of the application AZURE_CLIENT_ID"),
        (wrong_tenant, "the tenant AZURE_TENANT_ID does not exist"),
        (wrong_client, "the tenant AZURE_TENANT_ID has no application AZURE_CLIENT_ID"),
    ],
)
def test_a_credential_that_is_refused_says_which_variable_to_change(spoil, sentence, azure, stand_in, monkeypatch):
    spoil(stand_in, monkeypatch)

    azure("list", "computes").assert_one_sentence(sentence)
    doctor = azure("doctor", "--json")
    doctor.assert_one_sentence("the credential check failed")
    assert sentence in doctor.output


def test_without_a_credential_the_error_says_how_to_sign_in(azure, monkeypatch):
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")  # trying the others takes seconds

    azure("list", "computes").assert_one_sentence("cannot list the computes", "az login", "AZURE_CLIENT_SECRET")


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (401, "refused the token"),
        (403, "ask an owner of the workspace for the role AzureML Data Scientist"),
        (404, "not found"),
        (409, "the name is taken or Azure is busy"),
        (429, "too many requests; wait a minute"),
        (500, "Azure failed with status 500"),
        (503, "Azure failed with status 503"),
    ],
)
def test_a_refusal_becomes_one_sentence_with_a_remedy(status, sentence, azure, stand_in):
    stand_in.faults.status("GET", COMPUTES, status, times=50)

    azure("list", "computes").assert_one_sentence("cannot list the computes: ", sentence)


@pytest.mark.parametrize("status", [429, 500])
def test_a_passing_fault_is_retried_until_it_is_over(status, azure, stand_in):
    stand_in.faults.status("GET", COMPUTES, status, times=3)

    assert azure("list", "computes").code == 0


def test_a_connection_that_keeps_breaking_is_one_sentence(azure, stand_in):
    stand_in.faults.drop("GET", COMPUTES, times=50)

    azure("list", "computes").assert_one_sentence("Azure is not reachable or the connection broke")


def test_a_missing_proxy_is_one_sentence(azure, monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    azure("list", "computes").assert_one_sentence("cannot list the computes")


def test_a_workspace_that_does_not_exist_is_named(azure):
    azure("list", "computes", "--workspace", "nowhere").assert_one_sentence(
        "the workspace does not exist", "azure doctor"
    )


def test_a_secret_in_a_servers_answer_is_not_shown(azure, stand_in, monkeypatch):
    monkeypatch.setenv("SOME_PASSWORD", "canary-in-a-coal-mine")
    stand_in.faults.instead("GET", COMPUTES, lambda *_: service_error(400, "You sent canary-in-a-coal-mine."))

    finished = azure("list", "computes")

    finished.assert_one_sentence("You sent ***")
