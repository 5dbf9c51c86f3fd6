"""The notebook runs from its first cell to its last, against the stand-in for Azure."""

import json
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from workspace_stand_in.fixtures import azure_environment, completing, stand_in

__all__ = ["azure_environment", "stand_in"]

NOTEBOOK = Path(__file__).parents[1] / "notebooks/submit_to_azure_ml.ipynb"


@pytest.fixture
def kernel_of_this_environment(tmp_path, monkeypatch):
    """A kernel that runs this interpreter, whatever kernels the machine has."""
    folder = tmp_path / "jupyter/kernels/python3"
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (folder / "kernel.json").write_text(json.dumps({"argv": command, "display_name": "here", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))


@pytest.mark.slow
@pytest.mark.usefixtures("azure_environment", "kernel_of_this_environment")
def test_every_cell_runs_and_the_job_that_ran_here_is_submitted(stand_in, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(stand_in.config))
    notebook = nbformat.read(NOTEBOOK, as_version=4)

    with completing(stand_in):
        NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()

    (name,) = stand_in.jobs
    assert list(stand_in.submitted_job(name).nodes) == [
        "prepare_data_node",
        "train_node",
        "score_node",
        "register_node",
    ]
    assert stand_in.jobs[name]["properties"]["status"] == "Completed"
    assert "components/prep_data/versions/1" in stand_in.workspace.resources.by_path
    assert stand_in.unknown == []


def test_it_is_kept_without_outputs():
    notebook = nbformat.read(NOTEBOOK, as_version=4)

    assert [cell.outputs for cell in notebook.cells if cell.cell_type == "code" and cell.outputs] == []
