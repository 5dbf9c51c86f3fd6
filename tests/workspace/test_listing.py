import json
from datetime import UTC, datetime, timedelta

import pytest

from mnist_pipeline.workspace.listing import KINDS

pytest_plugins = ["command"]


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"computes"}))
def test_an_empty_workspace_says_so_and_gives_programs_an_empty_list(kind, azure):
    assert azure("list", kind).output == f"The workspace has no {kind}.\n"
    assert json.loads(azure("list", kind, "--json").output) == []


def test_computes_have_their_type_size_and_state(azure):
    rows = {row["name"]: row for row in json.loads(azure("list", "computes", "--json").output)}

    assert rows["gpu-cluster"]["type"] == "amlcompute"
    assert rows["gpu-cluster"]["size"].startswith("STANDARD_")
    assert (rows["gpu-cluster"]["min_instances"], rows["gpu-cluster"]["max_instances"]) == (0, 4)
    assert rows["k8s-cluster"]["max_instances"] is None
    assert rows["gpu-cluster"]["state"] == "Succeeded"
    assert rows["k8s-cluster"]["type"] == "kubernetes"


def test_a_table_shows_what_json_holds(azure):
    table = azure("list", "computes").output

    for row in json.loads(azure("list", "computes", "--json").output):
        (line,) = [line for line in table.splitlines() if row["name"] in line]
        assert all(str(value) in line for value in row.values() if value is not None)


def test_a_registered_data_asset_and_a_submitted_job_are_listed(azure, client, tmp_path):
    from azure.ai.ml.entities import Data, Environment, Model

    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("1,2")
    client.data.create_or_update(Data(name="digits", version="7", path=str(tmp_path / "data"), type="uri_folder"))
    client.models.create_or_update(Model(name="lenet", version="2", path=str(tmp_path / "data"), type="custom_model"))
    client.environments.create_or_update(Environment(name="keras", version="4", image="python:3.11"))
    azure("submit", "image-classification", "--data", "azureml:digits:7", "--compute", "cpu-cluster", "--name", "first")

    for kind, name, version in [("data", "digits", "7"), ("models", "lenet", "2"), ("environments", "keras", "4")]:
        rows = json.loads(azure("list", kind, "--json").output)
        assert (name, version) in [(row["name"], row["latest_version"]) for row in rows]
    (job,) = json.loads(azure("list", "jobs", "--json").output)
    assert (job["name"], job["experiment"], job["type"]) == ("first", "image-classification", "pipeline")
    assert "." not in job["status"]
    created = datetime.fromisoformat(job["created"])
    assert created.utcoffset() == timedelta(0)
    assert timedelta(0) <= datetime.now(UTC) - created < timedelta(minutes=5)
    assert f"{created.astimezone():%Y-%m-%d %H:%M}" in azure("list", "jobs").output


def test_children_are_listed_by_their_nodes_names_with_states(azure, stand_in):
    azure("submit", "image-classification", "--data", "sample", "--compute", "cpu-cluster", "--name", "first")
    stand_in.jobs.set_status("first", "Running", prepare_data_node="Completed", train_node="Running")

    rows = {row["node"]: row["status"] for row in json.loads(azure("children", "first", "--json").output)}

    assert rows["prepare_data_node"] == "Completed"
    assert rows["train_node"] == "Running"


@pytest.mark.parametrize("command", ["children", "cancel", "stream", "logs"])
def test_a_missing_job_is_one_sentence(command, azure):
    azure(command, "nothing").assert_one_sentence("job nothing", "not found")
