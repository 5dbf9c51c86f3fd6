"""Following a job until it ends, and canceling it."""

import json
import signal
from datetime import datetime, timedelta

import pytest

from mnist_pipeline.workspace.job.following import JobState, follow
from mnist_pipeline.workspace.job.nodes import NodeState

pytest_plugins = ["command"]


def test_a_completed_job_ends_with_0(azure, stand_in, mine):
    stand_in.jobs.will_be(mine, ("Running", {"train_node": "Running"}), "Completed")

    finished = azure("stream", mine, "--interval", 0)

    assert finished.code == 0, finished
    words = [line.split("  ")[1:] for line in finished.output.splitlines()]
    assert [node for node in words if node[0] == "train_node"] == [
        ["train_node", "Running"],
        ["train_node", "Completed"],
    ]
    assert words[-1] == ["mine", "Completed"]


def test_a_submitted_job_is_followed_and_its_output_downloaded(azure, stand_in, mine, tmp_path):
    """The command runs again for a job that is already in the workspace."""
    stand_in.put_output(mine, "model", {"MLmodel": b"flavors: {}"})
    stand_in.jobs.set_status(mine, "Completed")

    finished = azure(
        "submit", "image-classification", "--data", "azureml:a:1", "--name", mine, "--download", "model=here"
    )

    assert finished.code == 0, finished
    assert finished.output.splitlines()[0] == "mine  is already in the workspace"
    assert finished.output.endswith("mine  Completed\nmodel is in here: 1 file, 11 bytes\n")
    assert (tmp_path / "here/MLmodel").read_bytes() == b"flavors: {}"


def test_a_job_that_failed_ends_with_1_and_says_where_to_look(azure, stand_in, mine):
    stand_in.jobs.set_status(mine, "Failed", train_node="Failed")

    finished = azure("stream", mine)

    finished.assert_one_sentence(
        "job mine ended with status Failed at train_node", "azure logs mine train_node", "https://ml.azure.com"
    )
    assert "train_node  Failed" in finished.output


def test_a_canceled_job_ends_with_1_after_it_has_ended(azure, client, stand_in, mine):
    client.jobs.begin_cancel(mine, polling=False)

    azure("stream", mine, "--interval", 0).assert_one_sentence("job mine was canceled", "https://ml.azure.com")

    assert stand_in.jobs[mine]["properties"]["status"] == "Canceled"


@pytest.mark.parametrize(
    ("status", "remedies"),
    [
        ("NotResponding", ("does not respond", "azure cancel mine", "https://ml.azure.com")),
        ("Paused", ("is paused", "resume it on https://ml.azure.com", "azure stream mine", "azure cancel mine")),
    ],
)
def test_following_stops_if_the_job_waits_for_a_person(status, remedies, client, stand_in, mine, azure):
    stand_in.jobs.set_status(mine, status)

    azure("stream", mine).assert_one_sentence(*remedies)

    looks = []
    with pytest.raises(Exception, match="job mine"):
        follow(client, mine, looks.append, seconds=0, sleep=lambda _: pytest.fail("waited"))
    assert looks[-1].status == status


def test_every_change_is_reported_once_and_the_job_last(client, stand_in, mine):
    stand_in.jobs.will_be(mine, "Running", ("Running", {"train_node": "Completed"}), "Completed")
    told = []

    follow(client, mine, told.append, seconds=0, sleep=lambda _: None)

    assert len(told) == len(set(told))
    assert isinstance(told[-1], JobState)
    assert {state.status for state in told if isinstance(state, NodeState)} == {"NotStarted", "Completed"}


def test_json_of_a_stream_is_one_object_per_change_with_zoned_times(azure, stand_in, mine):
    stand_in.jobs.set_status(mine, "Failed", train_node="Failed")

    finished = azure("stream", mine, "--json")

    changes = [json.loads(line) for line in finished.output.splitlines()]
    assert finished.code == 1
    assert {datetime.fromisoformat(change["time"]).utcoffset() for change in changes} == {timedelta(0)}
    assert {change["node"]: change["status"] for change in changes if "node" in change}["train_node"] == "Failed"
    assert (changes[-1]["job"], changes[-1]["status"]) == (mine, "Failed")


def test_ctrl_c_stops_following_and_says_how_to_continue(started, stand_in, mine):
    process = started("stream", mine)
    assert "NotStarted" in process.stdout.readline()

    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)

    assert process.returncode == 130
    assert error.split("\n") == [
        "The job keeps running. To follow it again: mnist-pipeline azure stream mine. To cancel it: "
        "mnist-pipeline azure cancel mine",
        "",
        "Canceled.",
        "",
    ]
    assert stand_in.jobs[mine]["properties"]["status"] == "NotStarted"


def test_cancel_ends_a_job(azure, stand_in, mine):
    finished = azure("cancel", mine)

    assert finished.code == 0
    assert "mine is being canceled" in finished.output
    assert stand_in.jobs[mine]["properties"]["status"] in ("CancelRequested", "Canceled")


@pytest.mark.parametrize("status", ["Completed", "Failed", "Canceled", "NotResponding"])
def test_cancel_says_how_an_ended_job_ended(status, azure, stand_in, mine):
    stand_in.jobs.set_status(mine, status)

    finished, answer = azure("cancel", mine), json.loads(azure("cancel", mine, "--json").output)

    assert (finished.code, finished.error) == (0, "")
    assert finished.output == f"mine has already ended, with status {status}.\n"
    assert (answer["job"], answer["status"], answer["had_ended"]) == ("mine", status, True)


def test_any_other_refusal_of_a_cancel_is_an_error(azure, stand_in, mine):
    stand_in.faults.status("POST", "/cancel", 400)

    azure("cancel", mine).assert_one_sentence("cannot cancel job mine", "400")


def test_children_are_listed_by_their_nodes_names_with_states(azure, stand_in, mine):
    stand_in.jobs.set_status(mine, "Running", train_node="Completed", evaluate_node="Running")

    rows = json.loads(azure("children", mine, "--json").output)

    assert {row["node"]: row["status"] for row in rows} == {
        "train_node": "Completed",
        "evaluate_node": "Running",
        "register_node": "NotStarted",
    }
