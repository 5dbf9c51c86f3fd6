"""The checks that run in a job, here against a real MLflow store, which has aliases, and ordinary folders."""

import json
import subprocess
import sys

import pytest

from mnist_pipeline.workspace.probe.in_job.registry import check_registry
from mnist_pipeline.workspace.probe.in_job.report import Report, expect
from mnist_pipeline.workspace.probe.parts import _IN_JOB


def reported(folder):
    return json.loads((folder / "report.json").read_text())["checks"]


def run(module, cwd, **options):
    arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    command = [sys.executable, "-m", f"in_job.{module}", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


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
