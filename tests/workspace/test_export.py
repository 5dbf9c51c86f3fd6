import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from azure.ai.ml import Input, load_component, load_job
from azure.ai.ml.dsl import pipeline

from mnist_pipeline import components
from mnist_pipeline.errors import OutputError
from mnist_pipeline.pipelines import image_classification_pipeline, train_evaluate_register_pipeline
from mnist_pipeline.sdk import code_of, nodes_of
from mnist_pipeline.workspace.component_content import content_of, differences
from mnist_pipeline.workspace.export import export
from mnist_pipeline.workspace.placement import Placement, assign_computes
from mnist_pipeline.workspace.specification import validate

pytest_plugins = ["command"]


def asset(name):
    return Input(type="uri_folder", path=f"azureml:{name}:1")


@pytest.mark.parametrize("name", components.__all__)
def test_a_component_is_read_back_with_the_same_interface_command_environment_and_code(name, tmp_path):
    component = getattr(components, name).component

    export(component, tmp_path / "sub" / "component.yml")

    read = load_component(tmp_path / "sub" / "component.yml")
    validate(read)
    assert (read.name, read.version, read.command) == (component.name, component.version, component.command)
    assert differences(content_of(read), content_of(component)) == []


@pytest.mark.parametrize(
    "job",
    [
        image_classification_pipeline(pipeline_input_data=asset("digits"), epochs=3),
        train_evaluate_register_pipeline(train_data_asset_uri=asset("a"), test_data_asset_uri=asset("b")),
    ],
    ids=["image_classification", "train_evaluate_register"],
)
def test_a_job_is_read_back_with_the_same_nodes_bindings_and_snapshots(job, tmp_path):
    assign_computes(job, Placement("cpu-cluster"), {"train_node": Placement("gpu-cluster")})

    export(job, tmp_path / "job.yml")

    read = load_job(tmp_path / "job.yml")
    validate(read)
    assert read.settings.default_compute == "cpu-cluster"
    assert read.jobs["train_node"].compute == "gpu-cluster"
    assert read.experiment_name == job.experiment_name
    nodes, read_nodes = dict(nodes_of(job)), dict(nodes_of(read))
    assert nodes.keys() == read_nodes.keys()
    for name, node in nodes.items():
        assert node._build_inputs().keys() == read_nodes[name]._build_inputs().keys()
        with code_of(node.component) as expected, code_of(read_nodes[name].component) as found:
            assert found.sha256 == expected.sha256


def test_the_file_names_no_made_up_environment_and_code_that_is_beside_it(tmp_path):
    component = components.prepare_data_component.component

    export(component, tmp_path / "component.yml")

    content = yaml.safe_load((tmp_path / "component.yml").read_text())
    assert content["$schema"].endswith("commandComponent.schema.json")
    assert content["environment"].keys() == {"image", "conda_file"}
    (code,) = (tmp_path / "component.code").iterdir()
    assert content["code"] == f"component.code/{code.name}"
    assert code.name.startswith("prep_data-")
    assert files_of(code) == files_of(Path(component.code))


def test_file_and_code_can_be_moved_together_to_where_the_package_is_not(tmp_path):
    job = image_classification_pipeline(pipeline_input_data=asset("digits"))
    assign_computes(job, Placement("cpu-cluster"), {})
    export(job, tmp_path / "here/job.yml")

    (tmp_path / "here").rename(tmp_path / "there")

    read = load_job(tmp_path / "there/job.yml")
    validate(read)
    for name, node in nodes_of(job):
        with code_of(node.component) as expected, code_of(dict(nodes_of(read))[name].component) as found:
            assert found.sha256 == expected.sha256
            assert found.folder.parent == tmp_path / "there/job.code"


def test_a_nested_pipeline_s_nodes_have_their_code_beside_the_file_too(tmp_path):
    @pipeline()
    def outer(data: Input(type="uri_folder")):
        image_classification_pipeline(pipeline_input_data=data)

    export(outer(data=asset("digits")), tmp_path / "job.yml")

    named = re.findall(r"code: (\S+)", (tmp_path / "job.yml").read_text())
    assert len(named) == 4
    assert {tmp_path / code for code in named} == set((tmp_path / "job.code").iterdir())


def test_an_export_once_more_deletes_code_that_is_not_named_any_more_and_nothing_else(tmp_path):
    file, code = tmp_path / "step.yml", tmp_path / "step.code"
    export(components.prepare_data_component.component, file)
    (code / "prep_data-0123456789ab.partial-x").mkdir()  # a killed export has left it
    (code / "notes").mkdir()

    export(components.keras_score_component.component, file)

    assert sorted(path.name.partition("-")[0] for path in code.iterdir()) == [
        "notes",
        "score_image_classification_keras",
    ]


def test_the_command_replaces_a_file_that_differs_only_if_it_is_told_to(typed, tmp_path):
    file, code = tmp_path / "step.yml", tmp_path / "step.code"
    file.write_text("name: mine\n")

    typed("export", "prep_data", file).assert_one_sentence(
        "step.yml: the file exists and differs from what would be written; add --force to replace it, or name another "
    )
    assert file.read_text() == "name: mine\n"
    assert not code.exists()
    assert typed("export", "prep_data", file, "--force").code == 0
    assert load_component(file).name == "prep_data"


@pytest.mark.parametrize("name", ["prep_data", "image-classification"])
def test_the_command_may_write_the_same_content_again(name, typed, tmp_path):
    file = tmp_path / "same.yml"
    first = typed("export", name, file)
    before = file.read_bytes()

    assert first.code == typed("export", name, file).code == 0
    assert file.read_bytes() == before


def test_a_refused_export_leaves_the_old_file_with_its_code(typed, tmp_path):
    file = tmp_path / "step.yml"
    export(components.prepare_data_component.component, file)

    typed("export", "score_image_classification_keras", file).assert_one_sentence(
        "step.yml: the file exists and differs"
    )

    assert load_component(file).name == "prep_data"
    assert [path.name.partition("-")[0] for path in (tmp_path / "step.code").iterdir()] == ["prep_data"]


def test_a_killed_export_leaves_the_old_file_with_its_code(tmp_path):
    file = tmp_path / "step.yml"
    export(components.prepare_data_component.component, file)
    before = file.read_text()
    program = f"""
import resource, signal
from pathlib import Path
from mnist_pipeline import components
from mnist_pipeline.workspace.export import export
component = components.keras_train_component.component
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
export(component, Path({str(file)!r}))
"""

    assert subprocess.run([sys.executable, "-c", program]).returncode == -signal.SIGXFSZ

    assert file.read_text() == before
    validate(load_component(file))


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "taken").write_text("")

    with pytest.raises(OutputError, match="taken: a file stands where the output folder should be"):
        export(components.prepare_data_component.component, tmp_path / "taken" / "x.yml")


def test_code_that_cannot_be_copied_is_named(tmp_path):
    (tmp_path / "x.code").write_text("")

    with pytest.raises(OutputError, match=r"x\.code/prep_data-\w+: the code cannot be copied .*; name another file"):
        export(components.prepare_data_component.component, tmp_path / "x.yml")
    assert not (tmp_path / "x.yml").exists()


def files_of(folder):
    """The content of the files in a folder, by their names."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.py")}


def test_the_command_that_an_export_prints_can_be_pasted(typed, tmp_path):
    file = tmp_path / "Ada's $HOME" / "prep.yml"
    file.parent.mkdir()

    finished = typed("export", "prep_data", file)

    assert finished.code == 0, finished.error
    _, _, printed = finished.output.partition("; to create it in Azure ML: ")
    words = subprocess.run(["bash", "-c", f"printf '%s\\0' {printed}"], capture_output=True, text=True, check=True)
    assert words.stdout.split("\0")[:-1] == ["az", "ml", "component", "create", "--file", str(file)]
