"""Somebody else's project, with a component of its own, works with this package from its tests to the cloud."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient
from submitted_plan import plan_of

from mnist_pipeline.runner import embedded_store
from mnist_pipeline.runner.run import carry_out

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT = REPOSITORY / "tests/foreign_project"


@pytest.mark.long
def test_its_tests_pass_in_two_processes_and_what_it_submits_runs_from_the_upload(
    stand_in, azure_environment, tmp_path, monkeypatch
):
    project = tmp_path / "elsewhere/balanced-training"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("__pycache__", ".*", "mlflow.db", "mlruns"))
    (project / "config.json").write_text(json.dumps(stand_in.config))
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COVERAGE_"))}

    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"],
        cwd=project,
        env={**own, **azure_environment},
        capture_output=True,
        text=True,
    )

    assert tested.returncode == 0, tested.stdout[-10_000:] + tested.stderr[-2_000:]
    assert re.search(r"^6 passed", tested.stdout, re.MULTILINE), tested.stdout[-2_000:]
    assert stand_in.unknown == []
    (name,) = stand_in.jobs
    job = stand_in.submitted_job(name)
    assert job.nodes["balance_node"].snapshot.keys() == {"balance.py", "balance.yaml", "label_counts.py"}
    monkeypatch.undo()  # from here on nothing leads to the workspace
    shutil.rmtree(project)

    run = carry_out(plan_of(job, tmp_path / "received"), tmp_path / "runs")

    run.raise_for_status()
    assert list(run.nodes) == ["prepare_node", "balance_node", "train_node", "score_node", "register_node"]
    registered = MlflowClient(embedded_store(tmp_path / "runs")).search_model_versions("name = 'balanced'")
    assert [int(version.version) for version in registered] == [1]


def test_it_uses_public_names_only():
    reference = (REPOSITORY / "docs/api.md").read_text()
    public = set(re.findall(r"^\.\. auto\w+:: (mnist_pipeline\.[\w.]+)$", reference, re.MULTILINE))
    used = {
        f"{statement.module}.{alias.name}"
        for file in PROJECT.rglob("*.py")
        for statement in ast.walk(ast.parse(file.read_text()))
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith("mnist_pipeline")
        for alias in statement.names
    }

    assert used
    assert used - public == set()
