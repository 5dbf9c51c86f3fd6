"""The probe's requests: what it observes when Azure answers otherwise than assumed, and what it cleans up."""

from dataclasses import replace

import pytest
from azure.ai.ml.entities import Data
from taken_away import accept_any_compute, take_any_name

from mnist_pipeline.sdk import error_of_run
from mnist_pipeline.workspace.probe.clean_up import clean_up
from mnist_pipeline.workspace.probe.questions import (
    look_for_missing_data,
    look_for_missing_job,
    name_missing_compute,
    send_again,
    take_name,
)

pytest_plugins = ["command"]
pytestmark = pytest.mark.usefixtures("azure")  # its requests are not retried slowly


def renamed(client, mine, name):
    """The job `mine`, with all that it needs in the workspace, under another name."""
    job = client.jobs.get(mine)
    job.name = name
    return job


def test_a_job_sent_again_may_be_refused_if_it_is_found_by_its_name(client, stand_in, mine):
    stand_in.faults.status("PUT", "/jobs/", 409)

    seen = send_again(client, renamed(client, mine, mine))

    assert seen.holds is True
    assert seen.finding.startswith("Azure refused it, and the job was found by its name (")


def test_a_job_accepted_under_anothers_name_does_not_hold(client, stand_in, mine):
    other = renamed(client, mine, "probe-model-1")
    client.jobs.create_or_update(other)
    take_any_name(stand_in)
    other.experiment_name = "another"

    seen = take_name(client, other)

    assert (seen.holds, seen.finding) == (False, "Azure accepted it as a change of the other job")


def test_a_job_accepted_on_a_missing_compute_is_canceled(client, stand_in, mine):
    nowhere = renamed(client, mine, "probe-nowhere-1")
    nowhere.settings.default_compute = "mnist-pipeline-no-such-compute"
    accept_any_compute(stand_in)

    seen = name_missing_compute(client, nowhere)

    assert (seen.holds, seen.finding) == (False, "Azure accepted the job, and it was canceled")
    assert stand_in.jobs["probe-nowhere-1"]["properties"]["status"] == "CancelRequested"


def test_data_found_under_an_invented_name_does_not_hold(client, stand_in, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.csv").write_text("1,2")
    client.data.create_or_update(Data(name="digits", version="1", path=str(tmp_path / "data"), type="uri_folder"))

    def answer_with_digits(request, otherwise):
        return otherwise(replace(request, target=request.target.replace(request.path.split("/")[-3], "digits")))

    stand_in.faults.instead("GET", "/data/mnist-pipeline-probe-none-", answer_with_digits)

    seen = look_for_missing_data(client)

    assert (seen.holds, seen.finding) == (False, "Azure found something under an invented name")


@pytest.mark.parametrize(("status", "holds"), [(404, True), (403, False), (500, None)])
def test_another_refusal_than_404_does_not_hold_and_a_failure_of_azure_tells_nothing(status, holds, client, stand_in):
    stand_in.faults.status("GET", "/jobs/mnist-pipeline-probe-none-", status)

    assert look_for_missing_job(client).holds is holds


def test_a_broken_connection_tells_nothing(client, stand_in):
    stand_in.faults.drop("GET", "/jobs/mnist-pipeline-probe-none-")

    seen = look_for_missing_job(client)

    assert seen.holds is None
    assert "the connection broke" in seen.finding


def test_nothing_is_left_of_jobs_and_models_that_do_not_exist(client):
    assert clean_up(client, ["no-job"], ["no-model"]) == []


def test_jobs_and_models_that_azure_does_not_let_go_are_named(client, stand_in, mine):
    stand_in.workspace.resources.put("models/probed/versions/1", {"modelType": "mlflow_model", "flavors": {}})
    stand_in.faults.status("POST", f"/jobs/{mine}/cancel", 403)
    stand_in.faults.status("", "/models/probed", 403)

    job, records, _, model = clean_up(client, [mine], ["probed"])

    assert job.startswith("job mine, which may still be running: cannot cancel job mine: no permission")
    assert records == "the records of the jobs mine"
    assert model.startswith("model probed: cannot archive model probed: no permission")


def test_a_canceled_job_that_does_not_end_in_time_may_still_be_running(client, mine):
    first, *_ = clean_up(client, [mine], [], patience=0)

    assert first == "job mine, which may still be running: it was canceled but has not ended yet."


def test_the_reason_of_a_failed_run_is_azures_message_in_one_line(client, stand_in, mine):
    stand_in.jobs.set_status(mine, "Failed", error="The image\n  could not be built.")

    assert error_of_run(client, mine) == "The image could not be built."


def test_a_run_without_a_reason_or_that_cannot_be_read_has_none(client, mine):
    assert error_of_run(client, mine) == ""
    assert error_of_run(client, "no-such-run") == ""
