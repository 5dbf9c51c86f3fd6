"""Submitting a job exactly once, whatever goes wrong before, during and after it."""

import base64
import json
from pathlib import Path

import pytest
from azure.ai.ml import Input, command
from azure.ai.ml.entities import Environment
from workspace_stand_in.azurite import HOST

from mnist_pipeline.errors import WorkspaceError
from mnist_pipeline.pipelines import image_classification_pipeline
from mnist_pipeline.workspace.placement import Placement, assign_computes
from mnist_pipeline.workspace.preview import preview
from mnist_pipeline.workspace.secret_scan import find_secrets, known_secrets

pytest_plugins = ["command"]

COMMAND = ("submit", "image-classification", "--data", "azureml://datastores/workspaceblobstore/paths/digits")
COMMAND += ("--compute", "cpu-cluster")
SUBMIT = (*COMMAND, "--name", "mine")
JOBS = "/jobs/"
OVER_AND_OVER = 50


def job_puts(stand_in):
    return [request for request in stand_in.requests if request.method == "PUT" and JOBS in request.path]


def test_a_job_arrives_with_its_computes_inputs_and_experiment(azure, stand_in):
    places = ("--train-compute", "gpu-cluster", "--instance-count", "2")

    finished = azure(*SUBMIT, *places, "--set", "epochs=3", "--set", "model_name=digits", "--experiment", "mine")

    assert finished.code == 0, finished
    assert finished.error == ""
    assert finished.output.startswith("mine  submitted\nhttps://ml.azure.com/runs/mine?")
    properties = stand_in.jobs["mine"]["properties"]
    assert properties["experimentName"] == "mine"
    assert properties["settings"]["default_compute"].endswith("computes/cpu-cluster")
    assert properties["jobs"]["train_node"]["computeId"].endswith("computes/gpu-cluster")
    assert properties["jobs"]["train_node"]["resources"]["instance_count"] == 2
    assert properties["inputs"]["epochs"]["value"] == "3"
    assert properties["inputs"]["pipeline_input_data"]["uri"] == "azureml://datastores/workspaceblobstore/paths/digits"
    assert stand_in.unknown == []


def test_serverless_takes_an_instance_type(azure, stand_in):
    assert azure(*SUBMIT, "--compute", "serverless", "--instance-type", "Standard_E4s_v3").code == 0

    properties = stand_in.jobs["mine"]["properties"]
    assert properties["settings"]["default_compute"].endswith("serverless")
    assert not [request for request in stand_in.requests if request.path.endswith("/computes/serverless")]
    assert {node["resources"]["instance_type"] for node in properties["jobs"].values()} == {"Standard_E4s_v3"}


def test_kubernetes_takes_an_instance_type_and_a_cluster_takes_none(azure, stand_in):
    azure(*SUBMIT, "--compute", "cpu-cluster", "--instance-type", "small").assert_one_sentence(
        "cpu-cluster is of type amlcompute, whose instances have a fixed size"
    )
    assert azure(*SUBMIT, "--compute", "k8s-cluster", "--instance-type", "small").code == 0
    assert list(stand_in.jobs) == ["mine"]


@pytest.mark.parametrize("option", ["--compute", "--train-compute"])
def test_a_missing_compute_is_refused_before_anything_is_sent(option, azure, stand_in):
    azure(*SUBMIT, option, "no-cluster").assert_one_sentence("no compute no-cluster", "gpu-cluster", "serverless")

    assert not [request for request in stand_in.requests if request.method == "PUT"]


def test_a_missing_data_asset_is_refused_before_anything_is_sent(azure, stand_in):
    finished = azure("submit", "image-classification", "--data", "azureml:digits:7")

    finished.assert_one_sentence("no data asset digits with version 7", "azure list data")
    assert not [request for request in stand_in.requests if request.method == "PUT"]


def test_the_second_pipeline_takes_its_two_data_inputs_by_name(azure, stand_in):
    two = ("--data", "train_data_asset_uri=wasbs://c@a.blob.core.windows.net/train")
    two += ("--data", "test_data_asset_uri=https://example.org/test?x=1")

    arguments = ("submit", "train-evaluate-register", *two, "--name", "mine", "--compute", "cpu-cluster")
    assert azure(*arguments).code == 0

    inputs = stand_in.jobs["mine"]["properties"]["inputs"]
    assert inputs["test_data_asset_uri"]["uri"] == "https://example.org/test?x=1"


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("image-classification", "--data", "sample", "--set", "speed=3"), "inputs are epochs"),
        (("image-classification", "--data", "sample", "--set", "epochs=three"), "epochs is 'three'; it must be a"),
        (("image-classification", "--data", "sample", "--set", "epochs=0"), "epochs is 0; it must be a whole number"),
        (("image-classification", "--data", "sample", "--set", "network=foo"), "network is 'foo'; it must be one of"),
        (("image-classification", "--data", "sample", "--set", "champion=maybe"), "champion is 'maybe'; it must be"),
        (("train-evaluate-register", "--data", "azureml:a:1"), "--data train_data_asset_uri=... and"),
        (("image-classification", "--data", "sample", "--download", "x=y"), "choose from model, result, registration"),
    ],
)
def test_wrong_usage_ends_with_2(arguments, part, typed):
    finished = typed("submit", *arguments)

    assert finished.code == 2
    assert part in finished.error


@pytest.mark.parametrize(
    ("data", "part"),
    [
        ("azureml:digits@latest", "azureml:NAME:VERSION"),
        ("no/such/folder", "no such folder"),
        ("https://a.blob.core.windows.net/c/f?sv=1&sig=abc%2Fdef", "this link has a signature, which is a secret"),
    ],
)
def test_data_that_a_job_cannot_read_is_refused(data, part, typed):
    finished = typed("submit", "image-classification", "--data", data)

    finished.assert_one_sentence(part)
    assert "abc%2Fdef" not in finished.error


class TestFaults:
    """A fault ends in one job and success, or in one sentence and no job."""

    @pytest.mark.parametrize("times", [1, OVER_AND_OVER])
    def test_a_lost_answer_makes_no_second_job(self, times, azure, stand_in):
        stand_in.faults.lose_answer("PUT", JOBS, times=times)

        finished = azure(*SUBMIT)

        assert finished.code == 0, finished
        assert list(stand_in.jobs) == ["mine"]

    def test_a_retry_that_is_refused_because_the_first_was_accepted_is_a_success(self, azure, stand_in):
        """The SDK's own retry gets the refusal that MicrosoftDocs/azure-docs 122250 quotes."""
        stand_in.faults.lose_answer("PUT", JOBS)
        refused = stand_in.faults.name_taken()

        finished = azure(*SUBMIT)

        assert finished.code == 0, finished
        assert finished.output.startswith("mine  submitted\n")
        assert refused.seen == 1
        assert list(stand_in.jobs) == ["mine"]

    def test_a_retry_that_meets_a_conflict_is_a_success_too(self, azure, stand_in):
        stand_in.faults.lose_answer("PUT", JOBS)
        stand_in.faults.status("PUT", JOBS, 409)

        assert azure(*SUBMIT).output.startswith("mine  submitted\n")

    def test_a_job_that_somebody_else_submitted_first_is_not_mistaken_for_ours(self, azure, stand_in, client):
        """The name was free when both checked it, and the other request came first."""

        def other_first(request, otherwise):
            stand_in.faults.clear()
            client.jobs.create_or_update(
                command(name="mine", command="echo", environment="python:1", compute="cpu-cluster")
            )
            return otherwise(request)

        client.environments.create_or_update(Environment(name="python", version="1", image="python:3.11"))
        stand_in.faults.instead("PUT", JOBS, other_first)

        finished = azure(*SUBMIT)

        finished.assert_one_sentence("another job, submitted by stand-in on", "is already named mine", "another name")
        assert stand_in.jobs["mine"]["properties"]["jobType"] == "Command"

    def test_a_job_that_azure_refuses_is_an_error(self, azure, stand_in):
        stand_in.faults.status("PUT", JOBS, 400)

        azure(*SUBMIT).assert_one_sentence("the job was not accepted", "Azure refused the request with status 400")
        assert list(stand_in.jobs) == []

    def test_if_the_outcome_is_unknown_the_same_command_settles_it(self, azure, stand_in):
        stand_in.faults.lose_answer("PUT", JOBS, times=OVER_AND_OVER)
        stand_in.faults.drop("GET", JOBS, times=OVER_AND_OVER)

        unknown = azure(*COMMAND)
        (name,) = stand_in.jobs
        unknown.assert_one_sentence(f"cannot tell whether job {name} was accepted", f"--name {name}")
        stand_in.faults.clear()
        settled = azure(*COMMAND, "--name", name)

        assert settled.code == 0
        assert "is already in the workspace" in settled.output
        assert list(stand_in.jobs) == [name]

    def test_a_refused_upload_is_one_sentence_and_no_job(self, azure, stand_in):
        stand_in.faults.status("PUT", HOST, 403, times=OVER_AND_OVER)

        azure("submit", "image-classification", "--data", "sample").assert_one_sentence()

        assert list(stand_in.jobs) == []

    def test_the_gpu_variant_is_a_setting(self, azure, stand_in):
        assert azure(*SUBMIT, "--set", "gpu=true").code == 0
        assert "gpu" in stand_in.submitted_job("mine").nodes["train_node"].conda_file["name"]
        assert azure(*COMMAND, "--set", "gpu=maybe").code == 2

    def test_a_passing_fault_is_retried_until_it_is_over(self, azure, stand_in):
        for number, status in enumerate((429, 500, 503), start=1):
            fault = stand_in.faults.status("PUT", JOBS, status, times=3)

            assert azure(*COMMAND, "--name", f"mine-{status}").code == 0, status
            assert f"mine-{status}" in stand_in.jobs
            assert (len(stand_in.jobs), fault.seen) == (number, 3)

    def test_a_lasting_fault_is_one_sentence_and_no_job(self, azure, stand_in):
        for status, part in (
            (401, "refused the token"),
            (403, "AzureML Data Scientist"),
            (409, "use another name"),
            (429, "wait a minute"),
            (500, "Azure failed with status 500"),
        ):
            stand_in.faults.clear()
            stand_in.faults.status("PUT", JOBS, status, times=OVER_AND_OVER)

            azure(*SUBMIT).assert_one_sentence("the job was not accepted", part)
            assert list(stand_in.jobs) == []

    def test_a_connection_that_always_drops_is_one_sentence_and_no_job(self, azure, stand_in):
        stand_in.faults.drop("PUT", JOBS, times=OVER_AND_OVER)

        azure(*SUBMIT).assert_one_sentence("the job was not accepted", "try again")
        assert list(stand_in.jobs) == []


class TestJson:
    """The output of --json."""

    def test_a_submission_is_one_object_in_one_line(self, azure):
        first, again = azure(*SUBMIT, "--json"), azure(*SUBMIT, "--json")

        assert first.output.count("\n") == 1
        answer = json.loads(first.output)
        assert (answer["name"], answer["status"], answer["is_new"]) == ("mine", "NotStarted", True)
        assert answer["url"].startswith("https://ml.azure.com/runs/mine?")
        assert json.loads(again.output)["is_new"] is False

    def test_a_dry_run_has_sizes_as_numbers(self, typed):
        answer = json.loads(typed("submit", "image-classification", "--data", "sample", "--dry-run", "--json").output)

        nodes = [name for snapshot in answer["snapshots"] for name in snapshot["used_by"]]
        assert nodes == ["prepare_data_node", "train_node", "score_node", "register_node"]
        assert all(isinstance(size, int) for snapshot in answer["snapshots"] for size in snapshot["files"].values())
        assert "default_compute: serverless" in answer["job_yaml"]


class TestDryRun:
    """--dry-run, without a workspace."""

    def test_shows_yaml_snapshot_files_environments_and_data(self, typed, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)

        finished = typed("submit", "image-classification", "--data", "sample", "--dry-run")

        assert finished.code == 0, finished
        for part in (
            "default_compute: serverless",  # the default
            "components/prep.py",
            ", for prepare_data_node\n",
            ", for train_node\n",
            "would upload pipeline_input_data",
            "train-images-idx3-ubyte.gz",
            "environment: mnist-pipeline-prep on mcr.microsoft.com/",
            "nothing was sent",
        ):
            assert part in finished.output

    def test_lists_what_the_sdk_uploads(self, azure, stand_in):
        assign_computes(job := digits(), Placement("serverless"), {})
        snapshots = preview(job).snapshots
        azure(*SUBMIT)

        nodes = stand_in.submitted_job("mine").nodes
        assert {name: snapshot.files for snapshot in snapshots for name in snapshot.used_by} == {
            name: {path: len(content) for path, content in node.snapshot.items()} for name, node in nodes.items()
        }

    def test_an_invalid_job_is_refused(self):
        with pytest.raises(WorkspaceError, match=r"train_node\.compute: Compute not set"):
            preview(digits())


class TestSecrets:
    """A secret on this machine is never sent."""

    def test_a_secret_in_variables_and_nearby_files_is_sent_nowhere(self, azure, stand_in, monkeypatch):
        monkeypatch.setenv("MY_API_KEY", "canary-in-a-coal-mine")
        Path(".env").write_text("MY_API_KEY=canary-in-a-coal-mine")

        dry, wet = azure(*SUBMIT, "--dry-run"), azure(*SUBMIT)

        assert dry.code == wet.code == 0
        assert "canary" not in dry.output + dry.error + wet.output + wet.error
        assert not [request.path for request in stand_in.requests if b"canary" in (request.body or b"")]

    def test_a_secret_in_an_input_is_refused(self, azure, stand_in, monkeypatch):
        monkeypatch.setenv("MY_API_KEY", "canary-in-a-coal-mine")

        finished = azure(*SUBMIT, "--set", "model_name=canary-in-a-coal-mine")

        finished.assert_one_sentence("nothing was sent", "the job's YAML")
        assert "canary" not in finished.error
        assert list(stand_in.jobs) == []

    @pytest.mark.parametrize(
        "line",
        [
            'client_secret = "' + "made~up" * 5 + '"',
            "AccountKey=" + base64.b64encode(b"made up " * 8).decode(),
            "-----BEGIN RSA " + "PRIVATE KEY-----",
        ],
    )
    def test_common_secrets_are_found_and_not_shown(self, line, tmp_path):
        (tmp_path / "settings.py").write_text(f"\n{line}\n")

        (finding,) = find_secrets({"settings.py": tmp_path / "settings.py"})

        assert str(finding).startswith("settings.py:2 (")
        assert line not in str(finding)

    def test_a_known_secret_is_found_even_in_a_binary_file(self, tmp_path):
        (tmp_path / "model.bin").write_bytes(b"\x00\n\xff canary-in-a-coal-mine")
        known = known_secrets({"DB_PASSWORD": "canary-in-a-coal-mine", "HOME": "/where/I/live", "TOKEN": "1"})

        assert known == ("canary-in-a-coal-mine",)
        (finding,) = find_secrets({"model.bin": tmp_path / "model.bin"}, known)
        assert finding.line == 2


def digits():
    return image_classification_pipeline(
        pipeline_input_data=Input(type="uri_folder", path="azureml://datastores/workspaceblobstore/paths/digits")
    )


def test_a_missing_node_cannot_get_a_compute():
    with pytest.raises(WorkspaceError, match="no node fly_node; it has prepare_data_node"):
        assign_computes(digits(), Placement("serverless"), {"fly_node": Placement("x")})
