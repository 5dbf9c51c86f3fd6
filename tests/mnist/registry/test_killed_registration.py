import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient
from scoring_results import write_results

from mnist_pipeline.files import sha256_of


@pytest.fixture
def folder(tmp_path, empty_store, monkeypatch):
    """Two models with results, the second better than the first, and an empty MLflow store."""
    labels = [0, 1, 2, 3] * 5
    for name, wrong in (("first", 10), ("second", 2)):
        (tmp_path / name / "data").mkdir(parents=True)
        (tmp_path / name / "MLmodel").write_text("flavors: {}\n")
        (tmp_path / name / "data/model.keras").write_text(f"the weights of the {name}")
        predictions = [(label + 1) % 4 if index < wrong else label for index, label in enumerate(labels)]
        write_results(tmp_path / f"{name}-result", labels, predictions, model=sha256_of(tmp_path / name))
    (tmp_path / "store").mkdir()
    shutil.copyfile(empty_store, tmp_path / "store/mlflow.db")
    client = MlflowClient(f"sqlite:///{tmp_path}/store/mlflow.db")
    experiment = client.create_experiment("here", artifact_location=str(tmp_path / "store/artifacts"))
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", experiment)
    return tmp_path


@pytest.mark.slow
def test_a_registration_killed_anywhere_and_run_again_ends_as_if_it_had_not_been_killed(folder):
    program = Path(__file__).with_name("killed_registration.py")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    finished = subprocess.run([sys.executable, program, folder], capture_output=True, text=True, env=environment)

    assert finished.returncode == 0, finished.stderr
    undisturbed, *after_kills = json.loads(finished.stdout.splitlines()[-1])
    assert undisturbed["aliases"] == {"champion": 2, "challenger": 2}
    assert undisturbed["record"]["decision"] == "registered"
    assert [reign[:2] for reign in undisturbed["history"]] == [[2, 1], [1, None]]
    assert len(after_kills) >= 14, f"{len(after_kills)} traces: files of model and evidence, and commits"
    for number, state in enumerate(after_kills, start=1):
        assert state == undisturbed, f"killed at trace {number}"
