"""The logs of a job and of its nodes."""

import json

import pytest
from workspace_stand_in.azurite import HOST

pytest_plugins = ["command"]

PRINTED = "user_logs/std_log.txt"
AROUND = "system_logs/lifecycler/execution-wrapper.log"


@pytest.fixture
def logged(mine, stand_in):
    """The name of a job with logs of its own and logs of its training node."""
    stand_in.put_logs(mine, {"logs/azureml/executionlogs.txt": b"[1] train_node\n"})
    stand_in.put_logs(mine, {PRINTED: "epoch 1/3 größer\n".encode(), AROUND: b"started\n"}, node="train_node")
    yield mine
    assert stand_in.unknown == []


def test_the_log_of_a_node_is_printed_unchanged(azure, logged):
    finished = azure("logs", logged, "train_node")

    assert (finished.code, finished.output, finished.error) == (0, "epoch 1/3 größer\n", "")


def test_another_log_file_is_printed_by_its_name(azure, logged):
    assert azure("logs", logged, "train_node", "--file", AROUND).output == "started\n"
    assert azure("logs", logged, "--file", "logs/azureml/executionlogs.txt").output == "[1] train_node\n"


def test_without_a_node_the_log_files_are_listed(azure, logged, stand_in):
    train = stand_in.jobs.node_run(logged, "train_node")

    table, rows = azure("logs", logged).output, json.loads(azure("logs", logged, "--json").output)

    assert rows == [
        {"node": None, "file": "logs/azureml/executionlogs.txt", "job": "mine"},
        {"node": "train_node", "file": AROUND, "job": train},
        {"node": "train_node", "file": PRINTED, "job": train},
    ]
    assert PRINTED in table
    assert "sig=" not in table + str(rows)


def test_json_of_a_node_lists_its_files(azure, logged):
    rows = json.loads(azure("logs", logged, "train_node", "--json").output)

    assert [row["file"] for row in rows] == [AROUND, PRINTED]


def test_both_logs_of_a_node_on_two_instances_are_printed_with_their_names(azure, stand_in, mine):
    stand_in.put_logs(
        mine, {f"user_logs/std_log_process_{n}.txt": f"I am {n}\n".encode() for n in (0, 1)}, node="train_node"
    )

    assert azure("logs", mine, "train_node").output == (
        "==> user_logs/std_log_process_0.txt <==\nI am 0\n==> user_logs/std_log_process_1.txt <==\nI am 1\n"
    )


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("evaluate_node",), ("node evaluate_node of job mine has no log files yet",)),
        (("train_node", "--file", "x"), ("node train_node of job mine has no log file x", AROUND)),
        (("flying_node",), ("job mine has no node flying_node", "register_node")),
    ],
)
def test_a_missing_log_is_one_sentence_that_lists_the_logs(arguments, parts, azure, logged):
    azure("logs", logged, *arguments).assert_one_sentence(*parts)


def test_a_node_of_a_pipeline_inside_the_job_is_found_by_both_names(azure, stand_in, mine):
    outer, inner = (stand_in.jobs.node_run(mine, node) for node in ("evaluate_node", "register_node"))
    stand_in.jobs.children[outer] = [stand_in.jobs.run(inner)]
    stand_in.jobs.children[mine].remove(stand_in.jobs.run(inner))
    stand_in.jobs.files.put_logs(inner, {PRINTED: b"inside\n"})

    assert azure("logs", mine, "evaluate_node.register_node").output == "inside\n"
    azure("logs", mine, "evaluate_node.train_node").assert_one_sentence("no node train_node")


def test_a_job_without_logs_says_so(azure, mine):
    assert azure("logs", mine).output == "mine has no log files yet.\n"
    assert json.loads(azure("logs", mine, "--json").output) == []


@pytest.mark.parametrize("fault", ["status", "drop"])
def test_a_refusing_storage_is_one_sentence_without_the_signature(fault, azure, stand_in, logged):
    if fault == "status":
        stand_in.faults.status("GET", f"{HOST}/{stand_in.workspace.artifacts}/", 403)
    else:
        stand_in.faults.drop("GET", f"{HOST}/{stand_in.workspace.artifacts}/")

    finished = azure("logs", logged, "train_node")

    finished.assert_one_sentence(PRINTED)
    assert "sig=" not in finished.error.replace("sig=***", "")


def test_listing_and_printing_at_once_is_wrong_usage(azure, logged):
    assert azure("logs", logged, "--file", PRINTED, "--json").code == 2
