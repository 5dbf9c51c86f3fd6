"""The MLflow side of a run."""

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import mlflow
import pandas as pd
import pytest
from azure.ai.ml.dsl import pipeline
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag

from mnist_pipeline.errors import RunError
from mnist_pipeline.runner import run_locally
from mnist_pipeline.runner.in_process_node import CallingThread, run_in_process
from mnist_pipeline.runner.mlflow_runs import Tracking, absolute, embedded_store
from mnist_pipeline.runner.node_call import NodeFailed

from .plans import node
from .projects import shell_component

METRIC_TYPES = {
    "node": "string",
    "metric": "string",
    "step": "int64",
    "value": "float64",
    "time": "datetime64[ns, UTC]",
}


def family(run):
    """The MLflow run of a pipeline run, and its children by their names."""
    client = MlflowClient(run.tracking_uri)
    parent = client.get_run(run.run_id)
    children = client.search_runs([parent.info.experiment_id], f"tags.mlflow.parentRunId = '{run.run_id}'")
    return parent, {child.info.run_name: child for child in children}


@pipeline(experiment_name="variables")
def show_variables():
    show = shell_component('echo "$MLFLOW_TRACKING_URI"; echo "$MLFLOW_RUN_ID"; echo "$MLFLOW_EXPERIMENT_ID"')()  # noqa: F841 - the name is the node's


def test_a_run_is_a_parent_and_each_node_a_child(carry, runs):
    def run_node(call):
        if call.node.name == "bad":
            raise NodeFailed("exit code 1")

    run = carry(node("good"), node("bad"), node("after", after=["bad"]), run_node=run_node)

    assert run.tracking_uri == f"sqlite:///{runs}/mlflow.db"
    parent, children = family(run)
    assert parent.info.run_name == run.name
    assert parent.info.status == "FAILED"
    assert parent.info.end_time is not None
    assert {name: child.info.status for name, child in children.items()} == {"good": "FINISHED", "bad": "FAILED"}


def test_a_run_knows_the_commit_that_it_was_started_from(carry, tmp_path, monkeypatch):
    git = ["git", "-c", "user.name=Someone", "-c", "user.email=someone@example.com"]
    (tmp_path / "repository").mkdir()
    monkeypatch.chdir(tmp_path / "repository")
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "--message", "first"], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()

    parent, _ = family(carry(node("a"), run_node=lambda _: None))

    assert parent.data.tags["mlflow.source.git.commit"] == commit


def test_a_run_started_outside_of_a_repository_knows_no_commit(carry, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    parent, _ = family(carry(node("a"), run_node=lambda _: None))

    assert "mlflow.source.git.commit" not in parent.data.tags


def test_a_run_started_where_git_is_not_installed_knows_no_commit(carry, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    parent, _ = family(carry(node("a"), run_node=lambda _: None))

    assert "mlflow.source.git.commit" not in parent.data.tags


def test_a_completed_run_is_finished(carry):
    parent, children = family(carry(node("a"), run_node=lambda _: None))

    assert (parent.info.status, children["a"].info.status) == ("FINISHED", "FINISHED")


def test_a_canceled_run_is_killed(carry, runs):
    def run_node(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carry(node("a"), run_node=run_node)

    client = MlflowClient(embedded_store(runs))
    experiment = client.get_experiment_by_name("test")
    assert {run.info.status for run in client.search_runs([experiment.experiment_id])} == {"KILLED"}


def test_artifacts_lie_beside_the_runs(carry, runs):
    parent, _ = family(carry(node("a"), run_node=lambda _: None))

    assert parent.info.artifact_uri.startswith((runs / "mlartifacts").as_uri())


def test_what_a_step_logs_lands_in_its_own_run(carry):
    """Even where a step leaves its MLflow run open, as `mlflow.log_metric` alone does."""
    run = carry(
        node("one", function=lambda **_: mlflow.log_metric("score", 1)),
        node("two", function=lambda **_: mlflow.log_metric("score", 2), after=["one"]),
        run_node=run_in_process,
        pool=CallingThread(),
    )

    run.raise_for_status()
    parent, children = family(run)
    assert {name: child.data.metrics for name, child in children.items()} == {"one": {"score": 1}, "two": {"score": 2}}
    assert parent.data.metrics == {"one/score": 1, "two/score": 2}, "gathered at the end, not logged there by a step"
    assert mlflow.active_run() is None


@pytest.mark.slow
def test_what_a_process_logs_lands_in_its_own_run(carry):
    log = "import mlflow; mlflow.start_run(); mlflow.log_metric('score', 3); mlflow.log_text('hello', 'note.txt')"
    run = carry(node("a", command=f'python -c "{log}"'))

    run.raise_for_status()
    _, children = family(run)
    assert children["a"].data.metrics == {"score": 3}
    assert children["a"].info.status == "FINISHED"
    (note,) = MlflowClient(run.tracking_uri).list_artifacts(children["a"].info.run_id)
    assert note.path == "note.txt"


def test_a_node_finds_its_run_in_its_environment(runs):
    run = run_locally(show_variables(), runs)

    parent, children = family(run)
    assert run.nodes["show"].log_path.read_text().splitlines() == [
        run.tracking_uri,
        children["show"].info.run_id,
        parent.info.experiment_id,
    ]


def test_the_variable_names_another_store_even_by_a_relative_path(tmp_path, empty_store, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    shutil.copyfile(empty_store, tmp_path / "elsewhere" / "my.db")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///elsewhere/my.db")

    run = run_locally(show_variables(), "runs")

    assert run.tracking_uri == f"sqlite:///{tmp_path}/elsewhere/my.db"
    assert run.nodes["show"].log_path.read_text().splitlines()[0] == run.tracking_uri
    assert family(run)[0].info.status == "FINISHED"
    assert not (tmp_path / "runs" / "mlflow.db").exists()


def test_the_argument_comes_before_the_variable(runs, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////nowhere/at/all.db")

    run = run_locally(show_variables(), tmp_path / "other", tracking_uri=embedded_store(runs))

    assert family(run)[0].info.status == "FINISHED"


def test_an_experiment_is_made_once(carry):
    first, second = (carry(node("a"), run_node=lambda _: None) for _ in range(2))

    assert family(first)[0].info.experiment_id == family(second)[0].info.experiment_id


def test_an_experiment_that_two_runs_make_at_once_is_made_once(runs):
    with ThreadPoolExecutor(4) as pool:
        started = list(
            pool.map(lambda n: Tracking(embedded_store(runs), "new", f"run {n}", runs / "artifacts"), range(4))
        )

    assert len({one.start_node("a")["MLFLOW_EXPERIMENT_ID"] for one in started}) == 1


@pytest.mark.slow
def test_a_run_joins_the_experiment_that_a_faster_run_has_just_made_on_the_server(tracking_server, monkeypatch):
    create, faster = MlflowClient.create_experiment, []

    def late(client, name, **options):
        monkeypatch.setattr(MlflowClient, "create_experiment", create)
        faster.append(Tracking(tracking_server, name, "faster", None))
        return create(client, name, **options)

    monkeypatch.setattr(MlflowClient, "create_experiment", late)
    slower = Tracking(tracking_server, "made at once on a server", "slower", None)

    runs = [MlflowClient(tracking_server).get_run(one.run_id) for one in (*faster, slower)]
    assert [run.info.run_name for run in runs] == ["faster", "slower"]
    assert len({run.info.experiment_id for run in runs}) == 1


def test_a_store_that_cannot_be_used_is_named_and_leaves_no_run_behind(tmp_path):
    with pytest.raises(RunError, match="MLflow at nonsense://store cannot be used"):
        run_locally(show_variables(), tmp_path / "runs", tracking_uri="nonsense://store")

    assert list((tmp_path / "runs").iterdir()) == []


def test_a_server_that_does_not_answer_is_named_and_leaves_no_run_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("MNIST_PIPELINE_TRACKING_TIMEOUT", "0")

    with pytest.raises(
        RunError, match=r"MLflow at http://127\.0\.0\.1:9 does not answer \(Connection refused\), for 0 sec"
    ):
        run_locally(show_variables(), tmp_path / "runs", tracking_uri="http://127.0.0.1:9")

    assert list((tmp_path / "runs").iterdir()) == []


def test_a_store_that_is_no_database_is_named(tmp_path):
    (tmp_path / "notes.db").write_text("no database at all, but a text that is long enough to be read as a header" * 9)

    with pytest.raises(RunError, match=r"MLflow at sqlite:.*notes\.db cannot be used"):
        run_locally(show_variables(), tmp_path / "runs", tracking_uri=f"sqlite:///{tmp_path}/notes.db")


def test_a_store_that_fails_while_the_run_goes_on_fails_the_node(carry, runs):
    def run_node(call):
        if call.node.name == "a":
            (runs / "mlflow.db").write_bytes(b"no database any more")

    with pytest.raises(RunError, match="cannot be used"):
        carry(node("a"), node("b", after=["a"]), run_node=run_node)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("sqlite:///mlflow.db", "sqlite:////here/mlflow.db"),
        ("sqlite:////there/mlflow.db", "sqlite:////there/mlflow.db"),
        ("./mlruns", "file:///here/mlruns"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("azureml://region.api.azureml.ms/mlflow", "azureml://region.api.azureml.ms/mlflow"),
        ("databricks", "databricks"),
    ],
)
def test_a_relative_store_is_made_absolute(uri, expected, tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)

    assert absolute(uri).replace(str(tmp_path), "") == expected


# The pipeline's own run


def log_data(name, digest):
    """Log a dataset to the active run."""
    dataset = Dataset(name, digest, "local", '{"uri": "/data"}')
    inputs = [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])]
    MlflowClient().log_inputs(mlflow.active_run().info.run_id, inputs)


def logging(params=(), metrics=(), data=()):
    """A function for a node, which logs these."""

    def log(**_):
        mlflow.log_params(dict(params))
        for name, values in dict(metrics).items():
            for step, value in enumerate(values):
                mlflow.log_metric(name, value, step=step)
        for name, digest in dict(data).items():
            log_data(name, digest)

    return log


def test_the_run_of_the_pipeline_has_what_its_nodes_logged(carry):
    run = carry(
        node("train", function=logging({"epochs": 2}, {"Loss": [0.5, 0.25]}, {"training": "aa"})),
        node("quiet", function=lambda **_: None),
        node("score", function=logging({"images": 9}, {"Final": [0.75]}, {"test": "bb"}), after=["train"]),
        run_node=run_in_process,
        pool=CallingThread(),
    )

    parent, children = family(run)
    assert parent.data.metrics == {"Loss": 0.25, "Final": 0.75}
    assert parent.data.params == {"epochs": "2", "images": "9"}
    logged = [(entry.dataset.name, entry.dataset.digest, entry.tags) for entry in parent.inputs.dataset_inputs]
    assert sorted(logged, key=str) == [
        ("test", "bb", [InputTag("mlflow.data.context", "training")]),
        ("training", "aa", [InputTag("mlflow.data.context", "training")]),
    ]
    assert children["train"].data.metrics == {"Loss": 0.25}
    client = MlflowClient(run.tracking_uri)
    (final,) = client.get_metric_history(run.run_id, "Loss")
    *_, last = client.get_metric_history(children["train"].info.run_id, "Loss")
    assert (final.step, final.timestamp) == (1, last.timestamp)


def test_what_several_nodes_logged_under_one_name_has_the_nodes_name_in_the_run_of_the_pipeline(carry):
    run = carry(
        node("first", function=logging({"seed": 1, "depth": 3}, {"Loss": [0.5], "lowest": [0.1]}, {"data": "aa"})),
        node("second", function=logging({"seed": 1}, {"Loss": [0.5]}, {"data": "aa"})),
        run_node=run_in_process,
        pool=CallingThread(),
    )

    parent, _ = family(run)
    assert parent.data.metrics == {"first/Loss": 0.5, "second/Loss": 0.5, "lowest": 0.1}
    assert parent.data.params == {"first/seed": "1", "second/seed": "1", "depth": "3"}
    assert [entry.dataset.digest for entry in parent.inputs.dataset_inputs] == ["aa"]


def test_a_run_that_failed_has_what_its_nodes_logged_before(carry):
    def fail(**_):
        mlflow.log_param("epochs", 2)
        mlflow.log_metric("Loss", float("nan"))
        raise ValueError("diverged")

    run = carry(node("train", function=fail), run_node=run_in_process, pool=CallingThread())

    parent, _ = family(run)
    assert parent.info.status == "FAILED"
    assert parent.data.params == {"epochs": "2"}
    assert parent.data.metrics == {"Loss": pytest.approx(float("nan"), nan_ok=True)}


def test_more_parameters_than_mlflow_takes_at_once_are_all_in_the_run_of_the_pipeline(carry):
    logged = [{f"{part}{number}": number for number in range(80)} for part in "ab"]
    run = carry(
        *(node(f"node_{part}", function=logging(params)) for part, params in enumerate(logged)),
        run_node=run_in_process,
        pool=CallingThread(),
    )

    assert len(family(run)[0].data.params) == 160


# Metrics as a table


def test_the_metrics_of_all_nodes_are_one_table(carry):
    def log(**_):
        for step, value in enumerate([0.5, float("nan"), 0.25]):
            mlflow.log_metric("loss", value, step=step, timestamp=1_700_000_000_000 + step)
        mlflow.log_metric("accuracy", 1)

    run = carry(
        node("train", function=log),
        node("quiet", function=lambda **_: None),
        node("score", function=lambda **_: mlflow.log_metric("accuracy", 0.75), after=["train"]),
        run_node=run_in_process,
        pool=CallingThread(),
    )

    metrics = run.metrics()
    assert list(metrics[["node", "metric", "step"]].itertuples(index=False, name=None)) == [
        ("train", "accuracy", 0),
        ("train", "loss", 0),
        ("train", "loss", 1),
        ("train", "loss", 2),
        ("score", "accuracy", 0),
    ]
    assert metrics.value.fillna(-1).tolist() == [1, 0.5, -1, 0.25, 0.75]
    assert metrics.time[3] == pd.Timestamp("2023-11-14 22:13:20.002", tz="UTC")
    assert metrics.dtypes.astype(str).to_dict() == METRIC_TYPES


def test_values_of_one_metric_that_were_logged_out_of_order_are_sorted_by_step(carry):
    def log(**_):
        for step in (2, 0, 1):
            mlflow.log_metric("loss", step, step=step)

    run = carry(node("train", function=log), run_node=run_in_process, pool=CallingThread())

    assert run.metrics().step.tolist() == [0, 1, 2]


def test_a_run_without_metrics_has_an_empty_table_with_the_same_columns(carry):
    def run_node(_):
        raise NodeFailed("exit code 1")

    run = carry(node("bad"), node("not_started", after=["bad"]), run_node=run_node)

    assert len(run.metrics()) == 0
    assert run.metrics().dtypes.astype(str).to_dict() == METRIC_TYPES


def test_metrics_of_a_store_that_is_gone_are_an_error_that_names_it(carry, runs):
    run = carry(node("a"), run_node=lambda _: None)
    (runs / "mlflow.db").write_bytes(b"no database any more")

    with pytest.raises(RunError, match=r"MLflow at sqlite:.*mlflow\.db cannot be used"):
        run.metrics()


def test_each_node_knows_its_mlflow_run(carry):
    def run_node(call):
        if call.node.name == "bad":
            raise NodeFailed("exit code 1")

    run = carry(node("good"), node("bad"), node("after", after=["bad"]), run_node=run_node)

    _, children = family(run)
    run_ids = {name: child.info.run_id for name, child in children.items()}
    assert {name: one.run_id for name, one in run.nodes.items()} == {**run_ids, "after": ""}
