import pytest
import yaml
from azure.ai.ml import Input, load_component, load_job

from mnist_pipeline import components
from mnist_pipeline.errors import OutputError
from mnist_pipeline.pipelines import image_classification_pipeline, train_evaluate_register_pipeline
from mnist_pipeline.sdk import code_of, nodes_of
from mnist_pipeline.workspace.component_content import content_of, differences
from mnist_pipeline.workspace.export import export
from mnist_pipeline.workspace.placement import Placement, assign_computes
from mnist_pipeline.workspace.specification import validate


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


def test_the_file_names_code_relative_to_itself_and_no_made_up_environment(tmp_path):
    export(components.prepare_data_component.component, tmp_path / "component.yml")

    content = yaml.safe_load((tmp_path / "component.yml").read_text())
    assert content["$schema"].endswith("commandComponent.schema.json")
    assert content["code"].startswith("..")
    assert content["environment"].keys() == {"image", "conda_file"}


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "taken").write_text("")

    with pytest.raises(OutputError, match="taken: a file stands where the output folder should be"):
        export(components.prepare_data_component.component, tmp_path / "taken" / "x.yml")
