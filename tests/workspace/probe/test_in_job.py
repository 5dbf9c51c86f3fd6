"""The checks that run in a job, here on ordinary folders, a real MLflow store or server, and the stand-in's MLflow."""

import json
import os
import subprocess
import sys

import pytest
from job_environment import free_port
from mlflow import MlflowClient
from taken_away import refuse
from workspace_stand_in.fixtures import inside_a_job

from mnist_pipeline.components import prepare_data_component
from mnist_pipeline.workspace.probe.in_job.registry import check_registry
from mnist_pipeline.workspace.probe.in_job.report import Report, expect
from mnist_pipeline.workspace.probe.parts import _IN_JOB, Parts, snapshot

ON_A_RUN = ["run-id", "metric-names", "metric-steps", "parameters", "figures", "artifacts", "lineage"]
ON_THE_REGISTRY = [
    "version-from-artifacts",
    "version-facts",
    "version-tag-later",
    "search-versions",
    "list-models",
    "aliases",
    "registrations-at-once",
]
ON_AN_EARLIER_RUN = ["other-run-artifacts", "version-download", "delete-version"]


def reported(folder):
    return json.loads((folder / "report.json").read_text())["checks"]


def facts(folder):
    return json.loads((folder / "report.json").read_text())["facts"]


def not_held(folder):
    return {name: check["finding"] for name, check in reported(folder).items() if check["holds"] is not True}


def run(module, cwd, *, variables=None, **options):
    """Run a module as a job does. `variables` are all variables that lead it to an MLflow server."""
    arguments = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    command = [sys.executable, "-m", f"in_job.{module}", *arguments]
    others = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, env={**others, **(variables or {})})


@pytest.fixture
def server(tracking_server):
    return MlflowClient(tracking_server)


@pytest.fixture
def node_run(server, request):
    """The MLflow run of a node below a pipeline's run, as Azure makes them before a job starts."""
    experiment = server.create_experiment(request.node.name)
    parent = server.create_run(experiment, run_name="pipeline")
    return server.create_run(experiment, run_name="node", tags={"mlflow.parentRunId": parent.info.run_id})


def in_run(node_run, tracking_server):
    """The variables with which MLflow finds the run."""
    return {
        "MLFLOW_TRACKING_URI": tracking_server,
        "MLFLOW_EXPERIMENT_ID": node_run.info.experiment_id,
        "MLFLOW_RUN_ID": node_run.info.run_id,
    }


def test_all_registry_checks_hold_with_mlflows_own_registry(mlflow_store, tmp_path):
    import mlflow

    report = Report(str(tmp_path / "report"))
    report.check("artifacts", lambda: "logged")
    (tmp_path / "model").mkdir()
    (tmp_path / "model/MLmodel").write_text("flavors: {}")
    with mlflow.start_run() as active:
        mlflow.log_artifacts(str(tmp_path / "model"), "model")
        source = f"{active.info.artifact_uri}/model"
        check_registry(report, mlflow_store, "digits", active.info.run_id, source)

    checks = reported(tmp_path / "report")
    assert {name: check for name, check in checks.items() if check["holds"] is not True} == {}
    assert checks["aliases"]["finding"] == "an alias was set and read back"


def test_a_check_that_raises_does_not_hold_and_checks_that_depend_on_it_are_skipped(tmp_path):
    report = Report(str(tmp_path))

    report.check("first", lambda: expect(1, 2, "a number"))
    report.check("second", lambda: "fine", after="first")
    report.check("third", lambda: "fine")

    assert reported(tmp_path) == {
        "first": {"holds": False, "finding": "AssertionError: a number: expected 2, found 1"},
        "second": {"holds": None, "finding": "not checked, because first did not hold"},
        "third": {"holds": True, "finding": "fine"},
    }


def test_the_modules_need_nothing_but_their_folder(tmp_path):
    written = run("write_model", _IN_JOB.parent, model=tmp_path / "model", report=tmp_path / "written")
    read = run("read_model", _IN_JOB.parent, model=tmp_path / "model", report=tmp_path / "read")

    assert (written.returncode, read.returncode) == (0, 0), written.stderr + read.stderr
    assert {**reported(tmp_path / "written"), **reported(tmp_path / "read")}.keys() == {
        "model-output-folder",
        "output-rename",
        "model-as-folder",
    }


@pytest.mark.slow
def test_without_a_gpu_the_step_says_so_and_completes(tmp_path):
    finished = run("gpu", _IN_JOB.parent, report=tmp_path)

    assert finished.returncode == 0, finished.stderr
    assert reported(tmp_path)["gpu-found"]["holds"] is False
    assert "found no GPU" in reported(tmp_path)["gpu-found"]["finding"]


@pytest.mark.slow
def test_all_checks_of_both_tracking_steps_hold_on_a_plain_mlflow_server(server, tracking_server, node_run, tmp_path):
    variables = in_run(node_run, tracking_server)
    name = "probed-on-a-plain-server"

    first = run("tracking", _IN_JOB.parent, variables=variables, report=tmp_path / "first", model_name=name)
    versions = {(one.name, one.version) for one in server.search_model_versions(f"name LIKE '{name}%'")}
    del variables["MLFLOW_RUN_ID"]  # the second step has a run of its own
    options = {"report": tmp_path / "second", "earlier": tmp_path / "first", "model_name": name}
    second = run("other_run", _IN_JOB.parent, variables=variables, **options)

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert list(reported(tmp_path / "first")) == ON_A_RUN + ON_THE_REGISTRY
    assert list(reported(tmp_path / "second")) == ON_AN_EARLIER_RUN
    assert not_held(tmp_path / "first") | not_held(tmp_path / "second") == {}
    assert reported(tmp_path / "first")["aliases"]["finding"] == "an alias was set and read back"
    both = f"{name}-at-once"
    assert versions == {(name, "1"), (name, "2"), (both, "1"), (both, "2")}
    made = {tuple(one.split(":")) for one in facts(tmp_path / "first")["made"].split()}
    assert made == versions
    assert facts(tmp_path / "first")["version"] == "1"
    assert server.search_model_versions(f"name LIKE '{name}%'") == []
    logged = server.get_run(node_run.info.run_id)
    assert logged.info.status == "FINISHED"
    assert logged.data.metrics == {"Final test loss": 0.5, "Final test accuracy": 0.75, "Loss": 1.0}
    assert logged.data.params == {"epochs": "10", "network": "small"}
    assert {file.path for file in server.list_artifacts(node_run.info.run_id)} == {"model", "evidence", "probe.png"}


@pytest.mark.slow
def test_azures_mlflow_lacks_aliases_and_everything_else_holds(stand_in, tracking_server, tmp_path):
    with inside_a_job(stand_in, tracking_server, "probed-on-azure") as pipeline_run:
        tags = {"mlflow.parentRunId": pipeline_run}
        for module, more in [("tracking", {}), ("other_run", {"earlier": tmp_path / "tracking"})]:
            run_id = stand_in.mlflow.start_run(module, "probed-on-azure", **tags)
            variables = stand_in.job_environment(run_id)
            options = {"report": tmp_path / module, "model_name": "probed-on-azure", **more}
            finished = run(module, _IN_JOB.parent, variables=variables, **options)
            assert finished.returncode == 0, finished.stderr

    assert list(reported(tmp_path / "tracking")) == ON_A_RUN + ON_THE_REGISTRY
    assert list(reported(tmp_path / "other_run")) == ON_AN_EARLIER_RUN
    assert not_held(tmp_path / "tracking") | not_held(tmp_path / "other_run") == {}
    assert reported(tmp_path / "tracking")["aliases"]["finding"].startswith("the registry has no aliases")
    assert {request for request in stand_in.mlflow.refused if "/alias" not in request} == set()


@pytest.mark.slow
def test_outside_of_a_given_run_the_step_says_so_and_checks_the_rest(server, tracking_server, node_run, tmp_path):
    variables = in_run(node_run, tracking_server)
    del variables["MLFLOW_RUN_ID"]

    finished = run("tracking", _IN_JOB.parent, variables=variables, report=tmp_path, model_name="probed-without-a-run")

    assert finished.returncode == 0, finished.stderr
    failed = not_held(tmp_path)
    assert failed.keys() == {"run-id", "lineage"}
    assert "the run that start_run entered: expected 'none', found" in failed["run-id"]
    assert failed["lineage"] == "not checked, because run-id did not hold"
    assert server.get_run(node_run.info.run_id).data.metrics == {}


@pytest.mark.slow
def test_a_run_without_a_parent_has_no_lineage(server, tracking_server, tmp_path):
    lonely = server.create_run(server.create_experiment("a run without a parent"))
    variables = in_run(lonely, tracking_server)

    run("tracking", _IN_JOB.parent, variables=variables, report=tmp_path, model_name="probed-without-a-parent")

    assert not_held(tmp_path) == {
        "lineage": "LookupError: the run has neither of the tags mlflow.rootRunId and mlflow.parentRunId"
    }


@pytest.mark.slow
def test_without_a_server_the_step_reports_only_that_it_could_not_enter_its_run(tmp_path):
    variables = {
        "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{free_port()}",
        "MLFLOW_RUN_ID": "0" * 32,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    }

    finished = run("tracking", _IN_JOB.parent, variables=variables, report=tmp_path, model_name="nothing")

    assert finished.returncode == 0, finished.stderr
    assert not_held(tmp_path).keys() == reported(tmp_path).keys() == {"run-id"}
    assert "Connection refused" in not_held(tmp_path)["run-id"]
    assert facts(tmp_path) == {}


@pytest.mark.slow
def test_the_second_step_names_what_it_cannot_read_or_delete(server, tracking_server, node_run, tmp_path):
    server.log_text(node_run.info.run_id, "another text", "evidence/evidence.txt")
    server.create_registered_model("probed-for-a-second-step")
    earlier = Report(str(tmp_path / "earlier"))
    earlier.fact("artifacts", node_run.info.artifact_uri)
    earlier.fact("version", "7")
    earlier.fact("made", "probed-for-a-second-step:7")

    options = {"earlier": tmp_path / "earlier", "model_name": "probed-for-a-second-step", "report": tmp_path}
    finished = run("other_run", _IN_JOB.parent, variables=in_run(node_run, tracking_server), **options)

    assert finished.returncode == 0, finished.stderr
    failed = not_held(tmp_path)
    assert list(failed) == ON_AN_EARLIER_RUN
    assert "expected 'accuracy 0.5\\n', found 'another text'" in failed["other-run-artifacts"]
    assert "version=7) not found" in failed["version-download"]
    assert "version=7) not found" in failed["delete-version"]


@pytest.mark.slow
def test_the_second_step_checks_nothing_that_the_first_one_did_not_make(tmp_path):
    Report(str(tmp_path / "earlier"))

    variables = {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{free_port()}"}  # nobody is asked
    options = {"earlier": tmp_path / "earlier", "model_name": "none", "report": tmp_path}
    finished = run("other_run", _IN_JOB.parent, variables=variables, **options)

    assert finished.returncode == 0, finished.stderr
    assert reported(tmp_path) == {}


@pytest.mark.slow
def test_two_registrations_at_once_do_not_hold_if_the_registry_refuses_one(stand_in, tracking_server, tmp_path):
    name = "probed-with-a-refusal"
    forbid = refuse("POST", "/registered-models/create", lambda request: request.json["name"].endswith("-at-once"))
    forbid(stand_in)

    with inside_a_job(stand_in, tracking_server, name) as run_id:
        report = Report(str(tmp_path))
        report.check("artifacts", lambda: "logged")
        client = MlflowClient()
        check_registry(report, client, name, run_id, f"{client.get_run(run_id).info.artifact_uri}/model")

    failed = not_held(tmp_path)
    assert failed.keys() == {"registrations-at-once"}
    assert "This is not supported." in failed["registrations-at-once"]


@pytest.fixture
def code():
    """The snapshot of the probe's steps."""
    unused = {"data": _IN_JOB, "small": {}, "tracking": {}, "gpu": {}}
    with snapshot(Parts(component=prepare_data_component, **unused)) as folder:
        yield folder


def test_a_step_imports_the_package_from_its_own_snapshot(code, tmp_path):
    finished = run("package", code, report=tmp_path)

    assert finished.returncode == 0, finished.stderr
    (check,) = reported(tmp_path).values()
    assert check == {"holds": True, "finding": f"mnist_pipeline.components is {code / 'components'}"}


def test_a_snapshot_that_cannot_be_imported_is_reported_with_pythons_last_line(code, tmp_path):
    (code / "components/mnist_pipeline.py").write_text("import no_such_module\n")

    finished = run("package", code, report=tmp_path)

    assert finished.returncode == 0, finished.stderr
    assert not_held(tmp_path) == {"import-trick": "ImportError: ModuleNotFoundError: No module named 'no_such_module'"}


def test_a_model_output_with_other_content_is_not_what_was_written(tmp_path):
    (tmp_path / "MLmodel").write_text("flavors: {}\n")

    finished = run("read_model", _IN_JOB.parent, model=tmp_path, report=tmp_path / "read")

    assert finished.returncode == 0, finished.stderr
    assert "the file MLmodel: expected 'flavors:" in not_held(tmp_path / "read")["model-as-folder"]
