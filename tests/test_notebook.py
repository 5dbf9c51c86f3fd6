"""The notebook runs from its first cell to its last, against the stand-in for Azure, and is kept with its pictures."""

import ast
import base64
import getpass
import io
import json
import re
import socket
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from PIL import Image
from workspace_stand_in.fixtures import azure_environment, completing, stand_in

__all__ = ["azure_environment", "stand_in"]

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "notebooks/submit_to_azure_ml.ipynb"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


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
    folder = tmp_path / "fresh"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(stand_in.config))
    notebook = nbformat.read(NOTEBOOK, as_version=4)

    with completing(stand_in):
        NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()

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
    kept = nbformat.read(NOTEBOOK, as_version=4)
    assert [shape_of(cell) for cell in local(notebook)] == [shape_of(cell) for cell in local(kept)]


def test_it_is_kept_with_the_images_and_the_confusion_matrix():
    pictures = [
        Image.open(io.BytesIO(base64.b64decode(output.data["image/png"])))
        for cell in local(nbformat.read(NOTEBOOK, as_version=4))
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]

    assert len(pictures) == 2
    for picture in pictures:
        low, high = picture.convert("L").getextrema()
        assert min(picture.size) > 100
        assert high - low > 200, "more than one color"


def test_it_keeps_no_output_of_a_workspace_because_azure_has_not_run_it():
    of_azure = in_workspace(nbformat.read(NOTEBOOK, as_version=4))

    assert of_azure
    assert [(cell.outputs, cell.execution_count) for cell in of_azure] == [([], None)] * len(of_azure)


def test_its_outputs_tell_nothing_of_who_made_them():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    outputs = json.dumps([cell.outputs for cell in code(notebook)])
    text = re.sub(r'"image/png": "[^"]*"', "", outputs)

    assert text != outputs
    assert not re.search(r"/(home|root|tmp|work|Users|usr|var)\b|[A-Z]:\\\\|file://|sqlite:", text)
    assert socket.gethostname() not in text
    assert getpass.getuser() not in text
    assert all(cell.metadata == {} for cell in notebook.cells)
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


def test_the_package_and_a_notebook_server_are_all_that_it_needs():
    trees = [ast.parse(cell.source) for cell in code(nbformat.read(NOTEBOOK, as_version=4))]
    statements = [statement for tree in trees for statement in ast.walk(tree)]
    modules = [alias.name for statement in statements if isinstance(statement, ast.Import) for alias in statement.names]
    modules += [statement.module for statement in statements if isinstance(statement, ast.ImportFrom)]
    installed = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"]}

    others = {module.split(".")[0] for module in modules} - set(sys.stdlib_module_names) - {"mnist_pipeline", "IPython"}

    assert others
    for module in others:
        assert installed & {canonicalize_name(name) for name in packages_distributions()[module]}, module


def code(notebook) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def local(notebook) -> list:
    """The code cells of the first half, which runs on this machine."""
    cells = code(notebook)
    return cells[: len(cells) - len(in_workspace(notebook))]


def in_workspace(notebook) -> list:
    """The code cells of the second half, which begins at a heading."""
    (heading,) = [number for number, cell in enumerate(notebook.cells) if cell.source.startswith("## Connect")]
    return [cell for cell in notebook.cells[heading:] if cell.cell_type == "code"]


def shape_of(cell) -> tuple:
    """What a cell shows and prints, without numbers and bytes, which differ between runs, and libraries' warnings."""
    shown = [
        (sorted(output.data), re.sub(r"\d+(\.\d+)?", "N", output.data["text/plain"]))
        for output in cell.outputs
        if "data" in output
    ]
    printed = "".join(output.text for output in cell.outputs if output.get("name") == "stdout")
    return shown, re.sub(r"\d+(\.\d+)?", "N", printed)
