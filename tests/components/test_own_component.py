"""A component of a user's own module, called both ways."""

import inspect
import sys
from pathlib import Path

import pytest
from azure.ai.ml import Input
from azure.ai.ml import Output as SdkOutput
from azure.ai.ml.dsl import pipeline
from azure.ai.ml.entities import Command
from mldesigner import Output, command_component

from mnist_pipeline import both_ways, run_locally
from mnist_pipeline.errors import OutputError
from mnist_pipeline.sdk import code_of

PROJECT = Path(__file__).parent / "own_project"


@pytest.fixture
def declared(monkeypatch):
    """The component as its own module has it."""
    monkeypatch.syspath_prepend(PROJECT)
    from count_labels import count_labels_component

    yield count_labels_component
    for name in ("count_labels", "words"):
        sys.modules.pop(name, None)


@pytest.fixture
def rows(tmp_path):
    """A folder with a CSV of three rows."""
    folder = tmp_path / "rows"
    folder.mkdir()
    (folder / "rows.csv").write_text("4,0\n2,0\n4,255\n")
    return folder


def test_with_outputs_it_runs_and_makes_the_output_folder_as_a_job_does(declared, rows, tmp_path):
    both_ways(declared)(data=rows, counts=tmp_path / "new" / "counts", summary=tmp_path / "summary.txt")

    assert (tmp_path / "new" / "counts" / "counts.txt").read_text() == "2: 1\n4: 2\n"
    assert (tmp_path / "summary.txt").read_text() == "2\n"


def test_an_output_folder_that_is_a_file_is_named(declared, rows, tmp_path):
    (tmp_path / "taken").touch()

    with pytest.raises(OutputError, match="taken: a file stands where the output folder should be"):
        both_ways(declared)(data=rows, counts=tmp_path / "taken", summary=tmp_path / "summary.txt")


def test_without_outputs_it_is_a_node_with_its_own_code_environment_and_description(declared):
    node = both_ways(declared)(data="azureml:rows:1")

    assert isinstance(node, Command)
    assert node.component.environment.image == "python:3.11"
    assert node.component.version == "7"
    assert "Each label has a line of its own." in node.component.description
    with code_of(node.component) as code:
        assert code.folder == PROJECT
        assert code.files.keys() == {"count_labels.py", "words.py"}


def test_it_keeps_its_name_signature_annotations_documentation_and_component(declared):
    wrapped = both_ways(declared)

    assert wrapped.__name__ == "count_labels_component"
    assert inspect.signature(wrapped) == inspect.signature(declared)
    assert wrapped.__annotations__ == inspect.unwrap(declared).__annotations__
    assert inspect.getdoc(wrapped) == inspect.getdoc(declared)
    assert wrapped.component is declared.component


@pytest.mark.parametrize("mode", ["in-process", pytest.param("subprocess", marks=pytest.mark.slow)])
def test_its_node_runs_on_this_machine(mode, declared, rows, runs):
    count_labels = both_ways(declared)

    @pipeline()
    def count_pipeline(data: Input(type="uri_folder")):
        count = count_labels(data=data, name="all.txt")
        return {"counts": count.outputs.counts}

    run = run_locally(count_pipeline(data=Input(type="uri_folder", path=str(rows))), runs, mode=mode)

    run.raise_for_status()
    assert (run.outputs["counts"] / "all.txt").read_text() == "2: 1\n4: 2\n"


def test_a_missing_argument_is_named_with_the_component(declared, tmp_path):
    with pytest.raises(TypeError) as raised:
        both_ways(declared)(counts=tmp_path)

    assert str(raised.value) == (
        "count_labels_component (component count_labels): missing a required argument: 'data'."
    )


def test_the_ports_of_the_sdk_do_as_well_as_those_of_mldesigner(rows, tmp_path):
    @both_ways
    @command_component(environment="azureml:any:1")
    def copy_name(data: Input(type="uri_folder"), copied: SdkOutput(type="uri_folder")):
        Path(copied, Path(data).name).touch()

    copy_name(data=rows, copied=tmp_path / "copied")

    assert (tmp_path / "copied" / "rows").exists()


def test_what_is_no_component_is_refused():
    def double(number: int, doubled: Output(type="uri_file")):
        """Not a component."""

    with pytest.raises(TypeError, match=r"^double is not a component; put @both_ways above @command_component\.$"):
        both_ways(double)
